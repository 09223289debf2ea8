"""The relay decides here what becomes of browsers' messages and zones' payloads; sockets are in `runtime/`."""
