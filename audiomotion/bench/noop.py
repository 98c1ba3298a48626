"""Stages that do nothing, or wait: what is left is the cost of running stages at all."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from audiomotion.config.schema import Schema
from audiomotion.errors import AudiomotionError
from audiomotion.evaluate.result import EvaluationResult, RepeatResult
from audiomotion.files import write_json
from audiomotion.stages.base import AnyStage, Stage, StageContext, StageKind
from audiomotion.stages.results import RESULT

_MEETING_SECONDS = 300.0


class Nothing(Schema):
    """A stage that does nothing for some time."""

    number: int
    """Tells apart the stages of one measurement."""

    seconds: float = 0.0
    """How long it waits."""

    together: int = 0
    """Stages of this kind that wait for each other before they end: they warm up as many slots."""


def wait(stage: Stage[Nothing], context: StageContext) -> None:
    """Wait, and leave figures as an evaluation does: all of them 0."""
    time.sleep(stage.config.seconds)
    _count(context.cache)
    _meet(context.cache, stage.config.together)
    zeros = dict.fromkeys(("fid", "top1", "top2", "top3", "mm_distance", "diversity"), 0.0)
    result = EvaluationResult.of([RepeatResult(0, zeros, 0, 0, 0)])
    write_json(context.output / RESULT, result.to_json())


def _count(cache: Path) -> None:
    """Note that a stage was computed: a line, which processes append whole."""
    with (cache / "computed").open("a") as file:
        file.write(f"{os.getpid()}\n")


def _meet(cache: Path, number: int) -> None:
    """Wait for as many stages to be at this place, each in a worker of its own."""
    deadline = time.monotonic() + _MEETING_SECONDS
    while num_computed(cache) < number:
        if time.monotonic() > deadline:
            raise AudiomotionError(f"{number} stages never ran at the same time")
        time.sleep(0.01)


def num_computed(cache: Path) -> int:
    """Return how often a stage was computed on a store."""
    path = cache / "computed"
    return len(path.read_text().splitlines()) if path.exists() else 0


NOOP = StageKind("evaluation", 1, "audiomotion.bench.noop:wait")
"""Named as what it stands for, so that resources, records and tables take it as such."""


def noop(number: int, seconds: float = 0.0, after: Sequence[AnyStage] = ()) -> Stage[Nothing]:
    """Return a stage that waits, once those before it are done."""
    inputs = {str(index): stage for index, stage in enumerate(after)}
    return Stage(NOOP, Nothing(number=number, seconds=seconds), inputs)


def warm_ups(number: int) -> list[Stage[Nothing]]:
    """Return stages that end when as many workers have started."""
    return [Stage(NOOP, Nothing(number=-1 - index, together=number)) for index in range(number)]
