"""The answer of a world in one minute: findings, checks, methods and pictures, from finished tables."""
