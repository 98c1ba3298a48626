"""Arms against each other, metric by metric: what was tested, corrected, and earned."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from audiomotion.report.holm import LEVEL, holm, next_level
from audiomotion.report.metrics import METRICS, Metric
from audiomotion.report.power import MOST_SEEDS, seeds_needed
from audiomotion.report.significance import (
    Difference,
    SamplingDifference,
    difference,
    sampling_difference,
)
from audiomotion.report.statistics import Figure

Arms = Mapping[str, Mapping[int, Mapping[str, Figure]]]
"""Figures by arm, training seed and metric, as `Row.by_seed` has them."""

SamplingDifferences = Mapping[tuple[str, str], SamplingDifference]
"""By arm and metric."""

Mark = Literal["best", "second"]
"""`best` is set in bold, `second` underlined."""


@dataclass(frozen=True)
class Tested:
    """One arm against another in one metric, as one test of a family."""

    metric: Metric
    arm: str
    other: str

    difference: Difference
    """Arm minus other; of Diversity the distances to real motion are compared."""

    p_holm: float | None
    """Two-sided, after Holm over the family; None where there is no test."""

    next_level: float
    """What an uncorrected p must reach to be the family's next significant one."""

    @property
    def significant(self) -> bool:
        """Whether the arms differ at 5 % after Holm."""
        return self.p_holm is not None and self.p_holm <= LEVEL

    @property
    def better(self) -> bool:
        """Whether the arm's mean is on the better side, significant or not."""
        mean = self.difference.mean
        return mean > 0 if self.metric.better == "higher" else mean < 0

    @property
    def settled_by(self) -> str:
        """How many paired seeds would make the difference significant; empty where it is.

        80 % power at `next_level`, for the effect as it was observed and corrected (`Difference`).
        """
        if self.significant:
            return ""
        if self.difference.test != "paired t":
            return f"not known ({self.difference.why})"
        if self.difference.effect is None:
            return "not known (two seeds give no effect size)"
        count = seeds_needed(self.difference.effect, self.next_level)
        return f"> {MOST_SEEDS} seeds" if count is None else f"{count} seeds"

    def reversed(self) -> "Tested":
        """Return the same test, seen from the other arm."""
        return replace(self, arm=self.other, other=self.arm, difference=self.difference.reversed())


@dataclass(frozen=True)
class Comparison:
    """All arms of a table against each other: two families of tests, each held to 5 %."""

    baseline: str | None
    """None where the baseline has no result."""

    to_baseline: Sequence[Tested]
    """Each other arm minus the baseline: Holm over arms × metrics."""

    pairs: Sequence[Tested]
    """Each arm against each other arm: Holm over pairs × metrics."""

    leaders: Mapping[str, str]
    """By metric, the arm with the best mean, earned or not."""

    marks: Mapping[tuple[str, str], Mark]
    """By arm and metric, where one is earned.

    `best`: better than every other arm, `second`: better than every other arm but one (so of three
    or more), each at 5 % after Holm over `pairs`. Two leaders that do not differ are both second.
    """

    def against_baseline(self, arm: str, metric: str) -> Tested | None:
        """Return the test of an arm against the baseline in a metric, if there is one."""
        found = (one for one in self.to_baseline if one.arm == arm and one.metric.key == metric)
        return next(found, None)

    def against_leader(self, metric: str) -> list[Tested]:
        """Return every other arm minus the leader in a metric."""
        leader = self.leaders[metric]
        own = [one for one in self.pairs if one.metric.key == metric]
        turned = [one.reversed() if one.arm == leader else one for one in own]
        return [one for one in turned if one.other == leader]


def compare(
    arms: Arms, baseline: str | None, real: Mapping[str, Figure] | None = None
) -> Comparison:
    """Compare the arms of a table; pure.

    Args:
        arms: What was measured. Arms without a result may be left out or empty.
        baseline: The arm that the others are planned to be compared with.
        real: Real motion's figures. Without them Diversity is not compared.
    """
    scores = {metric: metric_scores(arms, metric, real) for metric in METRICS}
    pairs = _family(scores, baseline)
    planned = [one for one in pairs if one.other == baseline]
    return Comparison(
        baseline=baseline if arms.get(baseline or "") else None,
        to_baseline=_corrected(planned),
        pairs=pairs,
        leaders=_leaders(scores),
        marks=_marks(pairs),
    )


def metric_scores(
    arms: Arms, metric: Metric, real: Mapping[str, Figure] | None
) -> dict[str, dict[int, float]]:
    """Return what is compared, by arm and seed: the values, or their distances to real motion's."""
    values = {
        arm: {seed: figures[metric.key].mean for seed, figures in by_seed.items()}
        for arm, by_seed in arms.items()
        if by_seed and all(metric.key in figures for figures in by_seed.values())
    }
    if metric.better != "real":
        return values
    if real is None or metric.key not in real:
        return {}
    goal = real[metric.key].mean
    return {
        arm: {seed: abs(value - goal) for seed, value in by_seed.items()}
        for arm, by_seed in values.items()
    }


def compare_sampling(
    repeats: Mapping[str, Mapping[str, Sequence[float]]],
    baseline: str,
    real: Mapping[str, Figure] | None = None,
) -> dict[tuple[str, str], SamplingDifference]:
    """Return by arm and metric the differences of models trained once each: noise of sampling only.

    Args:
        repeats: By arm and metric, the value of each repeat of the evaluation of one seed's model.
        baseline: The arm that the others are compared with.
        real: Real motion's figures. Without them Diversity is not compared.
    """
    found = {}
    for metric in METRICS:
        arms = {
            arm: {place: {metric.key: Figure(value)} for place, value in enumerate(own[metric.key])}
            for arm, own in repeats.items()
            if metric.key in own
        }
        scores = metric_scores(arms, metric, real)
        theirs = list(scores.pop(baseline, {}).values())
        for arm, ours in scores.items() if theirs else ():
            found[arm, metric.key] = sampling_difference(list(ours.values()), theirs)
    return found


Scores = Mapping[Metric, Mapping[str, Mapping[int, float]]]


def _family(scores: Scores, baseline: str | None) -> list[Tested]:
    """Test every pair of arms in every metric; of its pairs the baseline is the other arm."""
    tests = []
    for metric, own in scores.items():
        for arm, other in combinations(sorted(own, key=lambda name: name == baseline), 2):
            found = difference(own[arm], own[other])
            tests.append(Tested(metric, arm, other, found, p_holm=None, next_level=LEVEL))
    return _corrected(tests)


def _corrected(tests: Sequence[Tested]) -> list[Tested]:
    """Return the tests with Holm's p over all of them that are tests at all."""
    own = [one.difference.p for one in tests if one.difference.p is not None]
    corrected = holm(own)
    level, values = next_level(corrected), iter(corrected)
    return [
        replace(one, p_holm=None if one.difference.p is None else next(values), next_level=level)
        for one in tests
    ]


def _leaders(scores: Scores) -> dict[str, str]:
    leaders = {}
    for metric, own in scores.items():
        means = {arm: sum(values.values()) / len(values) for arm, values in own.items()}
        finite = {arm: mean for arm, mean in means.items() if math.isfinite(mean)}
        best = max if metric.better == "higher" else min
        if finite:
            leaders[metric.key] = best(finite, key=finite.__getitem__)
    return leaders


def _marks(pairs: Sequence[Tested]) -> dict[tuple[str, str], Mark]:
    marks: dict[tuple[str, str], Mark] = {}
    for metric in dict.fromkeys(one.metric for one in pairs):
        own = [one for one in pairs if one.metric == metric]
        arms = dict.fromkeys(name for one in own for name in (one.arm, one.other))
        for arm in arms:
            wins = sum(_beats(one, arm) for one in own)
            if wins == len(arms) - 1:
                marks[arm, metric.key] = "best"
            elif wins == len(arms) - 2 > 0:
                marks[arm, metric.key] = "second"
    return marks


def _beats(test: Tested, arm: str) -> bool:
    winner = test.arm if test.better else test.other
    return test.significant and winner == arm
