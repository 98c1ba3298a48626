"""Names of the files that a stage leaves and that others look for. Nothing here needs torch."""

RESULT = "metrics.json"
"""What `evaluation` and `reference` leave."""

CURVES = "curves.jsonl"
"""Learning curves that a training leaves."""

WEIGHTS = "model.safetensors"
"""Weights that a training leaves."""
