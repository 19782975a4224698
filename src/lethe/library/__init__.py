"""One model forgets one thing, without a workflow: what ``import lethe`` offers to Python."""
