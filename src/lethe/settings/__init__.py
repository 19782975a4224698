"""Configuration. The pydantic models are the single source: the default YAML and the JSON schema are generated from them."""
