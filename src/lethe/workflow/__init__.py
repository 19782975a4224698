"""The typed plan: which models, files and products exist. No torch at import."""
