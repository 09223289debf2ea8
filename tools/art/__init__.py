"""How Emberdale's pictures are made; `tools/make-art` runs it."""
