"""UnlearnCanvas (Zhang et al. 2024): a model that paints objects in styles forgets one style or one object."""
