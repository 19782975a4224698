"""Which figures can be asked for, and what they are drawn from."""
