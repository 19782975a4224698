"""Figures of Deep Unlearn, a file each: parameters, which tables are read, computation and drawing."""
