"""How it is asked whether a condition still tells who spoke."""

from typing import Literal

from pydantic import Field

from audiomotion.config.schema import Schema


class SpeakerProbeConfig(Schema):
    """A linear probe: multinomial logistic regression from conditions to voices."""

    split: Literal["train", "val", "test"] = "train"
    """Clips whose instructions are probed. One split: with held-out voices others have others."""

    test_share: float = Field(default=0.25, ge=0.1, le=0.5)
    """Share of the clips that the probe is judged on, and is not fitted to."""

    l2: tuple[float, ...] = Field(default=(1e-4, 1e-3, 1e-2, 1e-1, 1.0), min_length=1, strict=False)
    """Weights of the penalty to choose from, on clips that the probe is not judged on."""

    max_utterances: int = Field(default=4000, ge=8)
    """Utterances taken at most, drawn clip by clip."""

    resamples: int = Field(default=1000, ge=1)
    """Draws of clips for the bootstrap interval."""

    seed: int = 0
    """Decides which clips the probe is judged on."""
