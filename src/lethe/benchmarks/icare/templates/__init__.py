"""Figures of I-CARE, a file each: parameters, computation, and the drawing or whose it is."""
