"""What the rules of an audit call."""
