"""Benchmarks: each measures a claim and writes ``value``, ``target``, ``holds`` and ``how``."""
