"""Which answers and tables UnlearnCanvas leads to."""
