"""Models that others made: which files they come in, whether these fit a base, and what they are as deltas on it."""
