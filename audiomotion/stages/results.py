"""Names of the files that a stage leaves and that others look for. Nothing here needs torch."""

RESULT = "metrics.json"
"""What `evaluation` and `reference` leave."""

EXAMPLES = "examples.json"
"""Utterances of the generated motions that `evaluation` keeps to look at."""

CURVES = "curves.jsonl"
"""Learning curves that a training leaves."""

WEIGHTS = "model.safetensors"
"""Weights that a training leaves."""

DATASET_REPORT = "report.json"
"""What `dataset` leaves beside the clips: counts, and what was left out and why."""

STATISTICS = "stats.npz"
"""Mean and deviation that an imported network's motions are normalised with, as published."""
