"""What makes zones a world, sans-I/O: ownership, handoff, links between zones, placement, scaling, chat routing."""
