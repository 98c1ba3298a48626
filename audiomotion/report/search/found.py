"""A search as it is drawn: what its record says, read as data."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audiomotion.config.experiment import Experiment
from audiomotion.files import read_json
from audiomotion.report.guidance import SCALES, UNGUIDED, Point, paper_points
from audiomotion.report.metrics import METRICS

_RECORD: Final = "tune.json"
"""In the folder of a search's run; the layer above writes it."""


@dataclass(frozen=True)
class FoundTrial:
    """One trial."""

    number: int
    params: Mapping[str, Any]
    status: str
    values: Sequence[float]
    """Of each objective; of a pruned trial what it had reached, or nothing."""
    feasible: bool

    @property
    def counts(self) -> bool:
        """Whether it finished, and keeps every constraint."""
        return self.status == "done" and self.feasible


@dataclass(frozen=True)
class FoundSearch:
    """One search."""

    id: str
    name: str
    question: str
    dataset: str
    split: str
    status: str
    repeats: int
    """Repeats of a trial that is not pruned."""
    objectives: Sequence[str]
    lower_is_better: Sequence[bool]
    """Of each objective."""
    paths: Sequence[str]
    """What was varied."""
    trials: Sequence[FoundTrial]
    winner: int | None
    front: Sequence[int]
    points: Mapping[str, Point]
    """Places on the plane of both scales that readers look for."""

    @property
    def title(self) -> str:
        """What was searched, where."""
        return f"{self.name} on {self.dataset}, {self.split} split"

    @property
    def on_plane(self) -> bool:
        """Whether both guidance scales were varied."""
        return all(path in self.paths for path in SCALES)

    def label(self, objective: int) -> str:
        """Return an objective as plots name it."""
        name = self.objectives[objective]
        label = next((metric.label for metric in METRICS if metric.key == name), name)
        return f"{label}, {'lower' if self.lower_is_better[objective] else 'higher'} is better"


def short_path(path: str) -> str:
    """Return a parameter's path without the section that all have."""
    return path.removeprefix("generation.")


def found_search(content: Mapping[str, Any]) -> FoundSearch:
    """Return what the record of a search says."""
    names = [goal["name"] for goal in content["objectives"]]
    # As JSON, where lists stand for tuples.
    experiment = Experiment.model_validate_json(json.dumps(content["experiment"]))
    return FoundSearch(
        id=content["id"],
        name=content["search"]["name"],
        question=content["search"]["question"],
        dataset=content["dataset"],
        split=content["split"],
        status=content["status"],
        repeats=content["search"]["repeats"],
        objectives=names,
        lower_is_better=[goal["direction"] == "minimize" for goal in content["objectives"]],
        paths=list(content["search"]["parameters"]),
        trials=[_trial(trial, names) for trial in content["trials"]],
        winner=content["winner"],
        front=list(content["front"]),
        points={**paper_points(experiment.dataset.published_as), **UNGUIDED},
    )


def _trial(content: Mapping[str, Any], objectives: Sequence[str]) -> FoundTrial:
    values = list(content["values"]) or _reached(content["repeats"], objectives)
    return FoundTrial(
        content["number"], content["params"], content["status"], values, content["feasible"]
    )


def _reached(repeats: Sequence[Mapping[str, float]], objectives: Sequence[str]) -> list[float]:
    """Return the means of what a trial had measured when it was ended; of a sum nothing."""
    if not repeats or any(name not in repeats[0] for name in objectives):
        return []
    return [math.fsum(one[name] for one in repeats) / len(repeats) for name in objectives]


def newest_search(runs: Path, dataset: str) -> FoundSearch | None:
    """Return the newest search of a data set that has ended and varied both guidance scales.

    Args:
        runs: Folder of all runs.
        dataset: Label of the data set.
    """
    ended = [
        content
        for path in runs.glob(f"*/{_RECORD}")
        if (content := read_json(path))["dataset"] == dataset and content["status"] == "done"
    ]
    for content in sorted(ended, key=lambda one: str(one["updated"]), reverse=True):
        if (found := found_search(content)).on_plane:
            return found
    return None
