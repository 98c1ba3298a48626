"""Configuration: schemas, YAML recipes, overrides, and what to say when one is wrong."""
