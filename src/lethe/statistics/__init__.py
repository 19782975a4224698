"""Resampling, correlations and tests of matrices and of entities. Arrays in, numbers out: no torch, no files."""
