"""Architectures behind one protocol: M models at once."""
