"""Interference: what unlearning one entity does to the images of another. Tables and statistics; no torch."""
