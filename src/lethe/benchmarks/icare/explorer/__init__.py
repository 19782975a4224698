"""The explorer: a page for looking at every pair of a finished run, with the pictures behind each number."""
