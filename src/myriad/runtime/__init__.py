"""Sockets in batches, zone threads and host processes: the only part that touches sockets, clocks and threads."""
