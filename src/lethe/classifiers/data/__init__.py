"""Data sets behind one provider protocol, with pinned splits."""
