"""What the figures of UnlearnCanvas share."""
