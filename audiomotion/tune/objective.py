"""By what trials are judged: their values, what they violate, which of them win."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from audiomotion.config.search import OBJECTIVES, ObjectiveConfig

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Goal:
    """One objective."""

    name: str
    """The metric; of a weighted sum the sum as it is written."""
    direction: Literal["minimize", "maximize"]


class Objective:
    """Turns the metrics of a trial's repeats into values."""

    def __init__(self, config: ObjectiveConfig) -> None:
        self.config = config
        if config.weights is not None:
            self.goals: tuple[Goal, ...] = (Goal(_as_sum(config.weights), "minimize"),)
        else:
            self.goals = tuple(
                Goal(name, "minimize" if OBJECTIVES[name] == "lower" else "maximize")
                for name in config.metrics
            )

    def values(self, metrics: Metrics) -> list[float]:
        """Return the value of each goal for the metrics of a repeat, or for their means."""
        if self.config.weights is None:
            return [metrics[goal.name] for goal in self.goals]
        terms = (
            weight * (metrics[name] if OBJECTIVES[name] == "lower" else -metrics[name])
            for name, weight in self.config.weights.items()
        )
        return [math.fsum(terms)]

    def costs(self, values: Sequence[float]) -> list[float]:
        """Return values of the goals with their signs such that lower is better for all."""
        return [
            value if goal.direction == "minimize" else -value
            for goal, value in zip(self.goals, values, strict=True)
        ]

    def violations(self, means: Metrics) -> dict[str, float]:
        """Return by how much each constraint is missed; what is kept is 0 or less."""
        found = {}
        for name, bound in self.config.constraints.items():
            if bound.at_least is not None:
                found[f"{name} >= {bound.at_least:g}"] = bound.at_least - means[name]
            if bound.at_most is not None:
                found[f"{name} <= {bound.at_most:g}"] = means[name] - bound.at_most
        return found

    def problem(self, metrics: Metrics) -> str | None:
        """Return what is wrong with the metrics of a repeat; None where they can be judged by."""
        for name in self.config.needed:
            if name not in metrics:
                return f"{name} was not measured"
            if not math.isfinite(metrics[name]):
                return f"{name} is {metrics[name]}"
        return None

    def front(self, values: Mapping[int, Sequence[float]]) -> list[int]:
        """Return the trials that no other is better than in every goal, the best first.

        Of trials with equal values the first stands for all. The order is that of the first goal,
        then of the others: where one trial has to be chosen, the first goal decides.
        """
        costs = {number: tuple(self.costs(own)) for number, own in values.items()}
        order = sorted(costs, key=lambda number: (costs[number], number))
        kept: list[int] = []
        for number in order:
            if not any(_covers(costs[other], costs[number]) for other in kept):
                kept.append(number)
        return kept


def means(repeats: Sequence[Metrics]) -> dict[str, float]:
    """Return the mean of each metric over repeats; at least one."""
    return {
        name: math.fsum(repeat[name] for repeat in repeats) / len(repeats) for name in repeats[0]
    }


def _covers(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(mine <= theirs for mine, theirs in zip(one, other, strict=True))


def _as_sum(weights: Mapping[str, float]) -> str:
    parts = [
        f"{'+' if OBJECTIVES[name] == 'lower' else '-'} {weight:g} {name}"
        for name, weight in weights.items()
    ]
    return " ".join(parts).removeprefix("+ ")
