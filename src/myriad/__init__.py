"""Myriad: an authoritative, zone-sharded server for massively multiplayer real-time worlds."""
