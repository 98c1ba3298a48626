"""What a search leaves: every trial, and the one that won."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from audiomotion.errors import DataError
from audiomotion.files import read_json, write_json
from audiomotion.report.guidance import CONVENTION

TUNE_RECORD = "tune.json"
"""The record, in the run's folder."""

TrialStatus = Literal["running", "done", "pruned", "failed"]
StudyStatus = Literal["running", "done", "failed", "interrupted"]


@dataclass(frozen=True)
class TrialRecord:
    """One point of the search."""

    number: int
    """From 0, in the order in which they were chosen."""
    params: Mapping[str, Any]
    """Value of each configuration path that was varied."""
    status: TrialStatus
    repeats: Sequence[Mapping[str, float]]
    """All metrics of each repeat; repeat i had the same random numbers in every trial."""
    values: Sequence[float]
    """Of each objective, the mean over the repeats; empty where the trial did not finish."""
    reason: str = ""
    """Why it was pruned, why it failed, or which constraint it misses."""
    seconds: float = 0.0
    """Time its repeats took; 0 where an equal trial had them already."""
    feasible: bool = True
    """Whether it keeps every constraint; of a trial that did not finish nothing is known."""
    reused: int | None = None
    """The equal trial whose repeats these are."""


@dataclass(frozen=True)
class TuneRecord:
    """One search on one system; `tune.json` in the folder of its run."""

    id: str
    """Of the run."""
    search: Mapping[str, Any]
    """The whole search file, resolved."""
    dataset: str
    experiment: Mapping[str, Any]
    """What was tuned, fully resolved, as it is measured: with the split and repeats of trials."""
    fingerprints: Mapping[str, str]
    """Of the stages that trials read; of a search that trains, of what its trials leave too."""
    objectives: Sequence[Mapping[str, str]]
    """Name and direction of each objective."""
    split: str
    """Split that was measured."""
    forced_test_split: bool
    """Whether it was tuned on the test split, against the rule."""
    seed: int
    trials: Sequence[TrialRecord]
    winner: int | None
    """Number of the best trial; of a Pareto front the best in the first objective."""
    front: Sequence[int]
    """Trials that no other is better than in every objective, the winner first."""
    baseline: int | None
    """Trial of the experiment's own values; None where the search does not hold them."""
    status: StudyStatus
    created: str
    updated: str
    reason: str = ""
    """Why it ended before its last trial, if so."""
    convention: str = CONVENTION
    """What a guidance scale means here."""
    as_given: Mapping[str, Any] = field(default_factory=dict)
    """What was tuned, fully resolved, as its recipe has it measured."""

    def trial(self, number: int) -> TrialRecord:
        """Return a trial by its number."""
        return self.trials[number]


def save_record(folder: Path, record: TuneRecord) -> None:
    """Write the record into the folder of its run."""
    write_json(folder / TUNE_RECORD, asdict(record))


def load_record(folder: Path) -> TuneRecord:
    """Return the record in the folder of a run.

    Raises:
        DataError: There is none, or another version of audiomotion wrote it.
    """
    path = folder / TUNE_RECORD
    content = read_json(path)
    try:
        trials = tuple(TrialRecord(**trial) for trial in content.pop("trials"))
        return TuneRecord(trials=trials, **content)
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{path} was written by another version of audiomotion; delete its folder and run the "
            "search again"
        ) from error
