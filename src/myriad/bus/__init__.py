"""Messages to every zone of a world: through the store, or through Redis."""
