"""Which figures of studies have published file names."""
