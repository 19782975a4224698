"""Drawings that figures of I-CARE share, and what their numbers mean in words and colours."""
