"""A published corpus in the layout of Vision Unlearning, read as if its files had been made here (docs/published-corpus.md)."""
