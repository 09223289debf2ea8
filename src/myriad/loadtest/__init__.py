"""Swarms of real clients: load, impairment, measurement and the report of a run."""
