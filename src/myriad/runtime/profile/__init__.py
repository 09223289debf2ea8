"""Profiling a running zone: counters inside its host, samples and the page made of them outside."""
