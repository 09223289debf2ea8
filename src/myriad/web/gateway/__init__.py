"""The gateway: accounts, characters, and the way into the zone where a character stands, as JSON over HTTP."""
