"""What is said of guidance scales wherever they stand: what they mean, and which arm has which."""

from collections.abc import Mapping
from typing import Any, Final

from audiomotion.orchestrate.records import RunRecord

CONVENTION: Final = (
    "guidance_scale is MoMask's c in w_u + c (w_c - w_u); the paper's s is c - 1, and c = 1 is no "
    "guidance"
)


def scales_of(experiment: Mapping[str, Any]) -> tuple[float, float]:
    """Return an experiment's scales c: of the masked and of the residual transformer."""
    generation = experiment["generation"]
    return generation["masked"]["guidance_scale"], generation["residual"]["guidance_scale"]


def guidance_notes(record: RunRecord) -> list[str]:
    """Say which guidance scales each arm was measured with, where not all have the same."""
    if record.kind == "outside":
        return []
    scales = {arm.arm: scales_of(arm.experiment) for arm in record.arms}
    if len(set(scales.values())) < 2:
        return []
    told = ", ".join(f"{arm} ({own[0]:g}, {own[1]:g})" for arm, own in scales.items())
    return [f"Guidance scales (masked, residual): {told}; {CONVENTION}."]
