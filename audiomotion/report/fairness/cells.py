"""The quantities of a fairness card, each with the words for one arm."""

from collections.abc import Callable, Mapping
from typing import Final

from audiomotion.report.fairness.amounts import NOT_RECORDED, amount, duration, memory
from audiomotion.report.fairness.card import ArmCard
from audiomotion.report.fairness.spending import TRAINED

_PUBLISHED: Final = "published"
"""Stands for a part that is not trained here."""


def _parts(name: str) -> Callable[[ArmCard], str]:
    """Return what says a number of both transformers."""

    def cell(arm: ArmCard) -> str:
        return " + ".join(_of_part(arm, part, name) for part in TRAINED)

    return cell


def _of_part(arm: ArmCard, part: str, name: str) -> str:
    if all(part in one.published for one in arm.seeds):
        return _PUBLISHED
    training = arm.training(part)
    return NOT_RECORDED if training is None else amount(getattr(training, name))


def _encoder_flops(arm: ArmCard) -> str:
    """Return the operations of the parts that hear; `–` where nothing is heard or torch is idle."""
    found = [part.flops_per_second for part in arm.seeds[0].frozen.values()]
    return " + ".join(amount(one) for one in found if one is not None) or "–"


def _seed_time(name: str) -> Callable[[ArmCard], str]:
    """Return what says a time of the trainings, the mean over seeds that have it."""

    def cell(arm: ArmCard) -> str:
        known = [time for one in arm.seeds if (time := getattr(one.trained, name)) is not None]
        return duration(sum(known) / len(known) if known else None)

    return cell


def _peak_gpu(arm: ArmCard) -> str:
    peak = arm.trained.peak_gpu_bytes
    return "–" if peak is None and arm.trained.gpu_seconds == 0 else memory(peak)


CELLS: Final[Mapping[str, Callable[[ArmCard], str]]] = {
    "trainable parameters (masked + residual)": _parts("parameters"),
    "of these in compressors": _parts("compressor_parameters"),
    "frozen parameters": lambda arm: amount(arm.frozen_parameters),
    "encoder FLOPs a second of audio": _encoder_flops,
    "training FLOPs a sample": _parts("flops_per_sample"),
    "of these in compressors, FLOPs": _parts("compressor_flops_per_sample"),
    "training FLOPs": _parts("flops"),
    "steps": _parts("steps"),
    "samples seen": _parts("samples"),
    "training time of a seed": _seed_time("seconds"),
    "training CPU time of a seed": _seed_time("cpu_seconds"),
    "training GPU time of a seed": _seed_time("gpu_seconds"),
    "time of all stages": lambda arm: duration(arm.whole.seconds),
    "GPU time of all stages": lambda arm: duration(arm.whole.gpu_seconds),
    "peak memory of trainings": lambda arm: memory(arm.trained.peak_host_bytes),
    "peak GPU memory of trainings": _peak_gpu,
}
"""Heading, and what says the quantity of an arm; the same in every form of the card."""

LEGEND: Final = (
    "FLOPs: operations of matrix products and convolutions, a multiplication and its addition "
    "being two; of a training 3 × the forward pass, per example of a padded batch. Times of a "
    "seed: means over the arm's seeds; of all stages: every stage of all its seeds once, one after "
    "the other. GPU time: wall time × GPUs held. Memory: of the process that trains, with all that "
    "it had loaded."
)
