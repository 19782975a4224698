"""Benchmarks of speed, each against the loop or the library that it replaces."""
