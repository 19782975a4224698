"""What the rules of claims, deviations and notebooks call."""
