"""Which claims, deviations and benchmarks of speed a configuration has, and what they are computed from."""
