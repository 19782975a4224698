"""Figures of UnlearnCanvas, a file each: parameters, which files are read, computation and drawing."""
