"""An audit of one model: what it loses beside the concept that it forgets. From a model and some words to one page."""
