"""The testbed: which entities, how they are called, what may be looked at, how similar they are."""
