"""One zone: connections, simulation, replication and game together, on batches of datagrams, without any I/O."""
