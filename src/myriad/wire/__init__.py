"""Bytes to values and back: packing, quantisation, packet layouts. No state and no decisions."""
