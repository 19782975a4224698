"""Deep Unlearn (Cadet et al. 2024, arXiv 2410.01276): U-LiRA, ranking and tables of the classifiers of a study."""
