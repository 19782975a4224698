"""Which studies of classifiers a configuration has, and their files."""
