"""What is said of guidance scales wherever they stand: what they mean, and which arm has which."""

from collections.abc import Mapping
from typing import Any, Final

from audiomotion.orchestrate.records import RunRecord

CONVENTION: Final = (
    "guidance_scale is MoMask's c in w_u + c (w_c - w_u); the paper's s is c - 1, and c = 1 is no "
    "guidance"
)

TRIALS: Final = "guidance_trials"
"""In what a record says of its axis: trials that each arm's scales were searched with."""

SCALES: Final = ("generation.masked.guidance_scale", "generation.residual.guidance_scale")
"""Of the masked and of the residual transformer."""

Point = tuple[float, float]
"""Scales c of the masked and of the residual transformer."""

UNGUIDED: Final[Mapping[str, Point]] = {"no-guidance": (1.0, 1.0)}

# Source: Sec. 5; whether it means c or s it does not say, so both readings are measured.
_PAPER: Final[Mapping[str, Point]] = {"humanml3d": (4.0, 5.0), "kit": (2.0, 5.0)}


def paper_points(published_as: str) -> dict[str, Point]:
    """Return the paper's scales for a data set as c, in both readings: as c, and as s = c - 1."""
    masked, residual = _PAPER[published_as]
    return {"paper-c": (masked, residual), "paper-s": (masked + 1, residual + 1)}


def scales_of(experiment: Mapping[str, Any]) -> Point:
    """Return an experiment's scales c: of the masked and of the residual transformer."""
    generation = experiment["generation"]
    return generation["masked"]["guidance_scale"], generation["residual"]["guidance_scale"]


def guidance_notes(record: RunRecord) -> list[str]:
    """Say which guidance scales each arm has, where not all have the same or they were searched."""
    if record.kind == "outside":
        return []
    scales = {arm.arm: scales_of(arm.experiment) for arm in record.arms}
    searched = record.axis.get(TRIALS)
    if len(set(scales.values())) < 2 and searched is None:
        return []
    told = ", ".join(f"{arm} ({own[0]:g}, {own[1]:g})" for arm, own in scales.items())
    how = "" if searched is None else (
        f", each found on the validation split by a search of {searched} trials"
    )  # fmt: skip
    return [f"Guidance scales (masked, residual){how}: {told}; {CONVENTION}."]
