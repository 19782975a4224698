"""Beside the benchmarks: claims of papers, deviations from the references, speed, checks of a machine."""
