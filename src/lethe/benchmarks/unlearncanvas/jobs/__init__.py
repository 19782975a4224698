"""What the rules of UnlearnCanvas call."""
