"""What rules of the data dictionary call."""
