"""Names of the files that a stage leaves and that others look for. Nothing here needs torch."""

RESULT = "metrics.json"
"""What `evaluation`, `reference` and `outside` leave."""

REAL = "real.json"
"""Metrics of the real motion of the clips that `outside` measured."""

GIVEN = "given.json"
"""What `outside` was given: the manifest, clips, repeats, motions for MultiModality."""

EXAMPLES = "examples.json"
"""Clip and text of each generated motion that `evaluation` keeps to look at."""

KEPT = "kept.json"
"""Which of its weights a training kept, and why."""

CURVES = "curves.jsonl"
"""Learning curves that a training leaves."""

FEATURES = "features.json"
"""What `features` says of its frames: width, layers, rate, and the weights they come from."""

TRANSCRIPTS = "transcripts.json"
"""What `transcribe` heard of each instruction, by its number."""

SPEAKER = "speaker.json"
"""How well `speaker_probe` tells the voices."""

WEIGHTS = "model.safetensors"
"""Weights that a training leaves."""

DATASET_REPORT = "report.json"
"""What `dataset` leaves beside the clips: counts, and what was left out and why."""
