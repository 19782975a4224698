"""What ``lethe new`` copies; nothing imports it."""
