"""What the rule of all figures calls."""
