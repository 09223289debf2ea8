"""The client as a library: what a player's program needs, for one player and for thousands. Sans-I/O."""
