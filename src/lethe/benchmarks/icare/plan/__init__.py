"""Which tables, figures, notebooks and pages I-CARE has, and what they are made from."""
