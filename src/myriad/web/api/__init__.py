"""The front door: login, health, metrics and the state of zones, as JSON over HTTP."""
