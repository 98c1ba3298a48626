"""The verdict of a measured figure against the published one of the same cell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from audiomotion.report.metrics import Metric
from audiomotion.report.statistics import Figure

Word = Literal["reproduced", "near", "better", "worse", "not comparable", "suspect source"]

_UNPUBLISHED = 0.02
"""An interval that was not published is taken as this share of the value."""

_NEAR = 3
"""`near` reaches this many half widths."""

_WIDE = 0.1
"""A half width beyond this share of the published value makes agreement say little."""


@dataclass(frozen=True)
class Conditions:
    """What a figure was measured under. Figures compare where all of it is equal."""

    dataset: str
    """Name of the data set, and of its variant where there are two: `kit original`."""

    evaluator: str
    """Whose space the metrics live in: `published` or `learned here`."""

    weights: str
    """Weights of the encoder: `pre-trained`, or what they are instead."""

    trained_on: str = ""
    """Captions trained on; empty where not known, or where a table has rows of several."""

    pool: int = 32
    """Captions in a pool of R-precision."""


@dataclass(frozen=True)
class Verdict:
    """What a measured figure says of the published one."""

    word: Word

    difference: float
    """Ours minus the published, in the metric's unit."""

    half_width: float | None
    """h = √(h_published² + h_ours²), in the metric's unit; None where ours has no interval."""

    why: str = ""
    """Why the two do not compare, or what weakens the verdict."""


def obstacles(ours: Conditions, published: Conditions, metric: Metric) -> list[str]:
    """Return why two figures do not compare; a pool matters to R-precision only."""
    names = [field.name for field in fields(Conditions)]
    if not metric.key.startswith("top"):
        names.remove("pool")
    if not (ours.trained_on and published.trained_on):
        names.remove("trained_on")
    return [
        f"{name.replace('_', ' ')}: {getattr(ours, name)}, published: {getattr(published, name)}"
        for name in names
        if getattr(ours, name) != getattr(published, name)
    ]


def verdict(
    metric: Metric,
    ours: Figure,
    published: Figure,
    *,
    obstacles: Sequence[str] = (),
    suspect: str = "",
    real: tuple[float, float] | None = None,
) -> Verdict:
    """Return the verdict of one cell.

    `reproduced`: the difference is at most h; `near`: at most 3 h; beyond, `better` or `worse`.

    Args:
        metric: Says which way is better.
        ours: Measured, with the interval that the table shows: over seeds, or over the repeats of
            one model. Fewer repeats than published widen it, and need no other word.
        published: With its interval, or without: then 2 % of the value stand for it.
        obstacles: Why the two do not compare; any makes it `not comparable`.
        suspect: Why the published figure is very likely a slip. It wins over everything else.
        real: Diversity of real motion, ours and published, for a metric that is better near it.
    """
    away = ours.mean - published.mean
    half_width = _half_width(ours, published)
    if suspect:
        return Verdict("suspect source", away, half_width, "; ".join([suspect, *obstacles]))
    reasons = [*obstacles, *_missing(metric, ours, real)]
    if reasons or half_width is None:
        return Verdict("not comparable", away, half_width, "; ".join(reasons))
    word = _word(away, half_width, _improves(metric, ours, published, real))
    return Verdict(word, away, half_width, _weakness(word, half_width, published))


def _half_width(ours: Figure, published: Figure) -> float | None:
    if ours.half_width is None:
        return None
    theirs = published.half_width
    return math.hypot(
        ours.half_width, _UNPUBLISHED * abs(published.mean) if theirs is None else theirs
    )


def _missing(metric: Metric, ours: Figure, real: tuple[float, float] | None) -> list[str]:
    reasons = []
    if ours.half_width is None:
        reasons.append("one seed and one repeat have no interval")
    if metric.better == "real" and real is None:
        reasons.append("real motion was not measured on both sides")
    return reasons


def _word(away: float, half_width: float, improves: bool) -> Word:
    if abs(away) <= half_width:
        return "reproduced"
    if abs(away) <= _NEAR * half_width:
        return "near"
    return "better" if improves else "worse"


def _improves(
    metric: Metric, ours: Figure, published: Figure, real: tuple[float, float] | None
) -> bool:
    if real is not None and metric.better == "real":
        return abs(ours.mean - real[0]) < abs(published.mean - real[1])
    return (ours.mean > published.mean) == (metric.better == "higher")


def _weakness(word: Word, half_width: float, published: Figure) -> str:
    """Say where agreement is no more than a wide interval."""
    if word in ("better", "worse") or half_width <= _WIDE * abs(published.mean):
        return ""
    return f"h is {half_width:.3g}, wide beside {published.mean:.3g}: agreement says little"
