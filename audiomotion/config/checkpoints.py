"""Which published weights an imported artifact holds."""

from typing import Literal

from audiomotion.config.schema import Schema

CheckpointKind = Literal[
    "rvq", "masked", "residual", "length", "evaluator", "word-vectors", "imagebind-audio"
]
DatasetName = Literal["humanml3d", "kit"]


class CheckpointConfig(Schema):
    """Published weights, known by what they are: a copy of them elsewhere is the same artifact."""

    what: CheckpointKind
    """Part of the published systems."""

    dataset: DatasetName | None = None
    """Data set it was trained on; None where it depends on none."""

    sha256: str
    """Digest of names, shapes and numbers, statistics and words: not of the file they came in."""
