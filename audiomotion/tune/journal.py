"""The journal of a study: a line of JSON an event, written before anything else believes it.

It is the truth; Optuna's database and the record follow from it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained
from audiomotion.tune.trial import Trial

JOURNAL = "trials.jsonl"
"""The journal, in the run's folder."""


class Journal:
    """Appends events of a study; its one writer holds the run."""

    def __init__(self, path: Path) -> None:
        """Open a journal, and cut off what a crash left of a last line.

        Raises:
            DataError: Something else than the end of the file is damaged.
        """
        self.path = path
        self._drop_torn_line()
        self.trials = read_trials(path)

    def _drop_torn_line(self) -> None:
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with full_disk_explained(self.path), self.path.open("r+b") as file:
                file.truncate(len(whole))
                os.fsync(file.fileno())

    def asked(self, trial: Trial) -> None:
        """Note that a trial was chosen."""
        assert trial.number == len(self.trials), f"trial {trial.number} after {len(self.trials)}"
        self._append(
            {
                "event": "asked",
                "number": trial.number,
                "params": dict(trial.params),
                "exact": dict(trial.exact),
                "attributes": dict(trial.attributes),
            }
        )
        self.trials.append(trial)

    def repeat(
        self,
        trial: Trial,
        metrics: Mapping[str, float],
        seconds: float = 0.0,
        reused: int | None = None,
    ) -> None:
        """Note what a repeat measured, or that an equal trial had measured it."""
        event = {
            "event": "repeat",
            "number": trial.number,
            "repeat": len(trial.repeats),
            "metrics": dict(metrics),
            "seconds": seconds,
            "reused": reused,
        }
        self._append(event)
        _note(trial, event)

    def ended(self, trial: Trial, status: str, **said: Any) -> None:
        """Note how a trial ended: `done`, `pruned` or `failed`, with values or with the reason."""
        event = {"event": status, "number": trial.number, **said}
        self._append(event)
        _note(trial, event)

    def _append(self, event: Mapping[str, Any]) -> None:
        line = json.dumps(event, ensure_ascii=False) + "\n"
        with full_disk_explained(self.path), self.path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())


def read_trials(path: Path) -> list[Trial]:
    """Return the trials that a journal tells of, by number; none where there is no journal.

    Raises:
        DataError: A line is no event, or one that cannot follow those before it.
    """
    trials: list[Trial] = []
    for place, event in _events(path):
        try:
            _replay(trials, event)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise _damaged(path, place) from error
    return trials


def _events(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    for place, line in enumerate(lines, start=1):
        try:
            yield place, json.loads(line)
        except ValueError as error:
            raise _damaged(path, place) from error


def _damaged(path: Path, place: int) -> DataError:
    return DataError(
        f"{path}:{place} is damaged: no event of a study that can stand there; delete the run's "
        "folder to begin it anew"
    )


def _replay(trials: list[Trial], event: Mapping[str, Any]) -> None:
    number = event["number"]
    if event["event"] == "asked":
        if number != len(trials):
            raise ValueError(number)
        trials.append(Trial(number, event["params"], event["exact"], event["attributes"]))
        return
    trial = trials[number]
    if trial.status != "running":
        raise ValueError(event)
    _note(trial, event)


def _note(trial: Trial, event: Mapping[str, Any]) -> None:
    if event["event"] == "repeat":
        if event["repeat"] != len(trial.repeats):
            raise ValueError(event)
        trial.repeats.append(dict(event["metrics"]))
        trial.seconds += event["seconds"]
        trial.reused = event["reused"] if event["reused"] is not None else trial.reused
        return
    if event["event"] not in ("done", "pruned", "failed"):
        raise ValueError(event)
    trial.status = event["event"]
    trial.values = list(event.get("values", ()))
    trial.violations = dict(event.get("violations", {}))
    trial.reason = event.get("reason", "")
    trial.seconds += event.get("seconds", 0.0)
    trial.fingerprints = dict(event.get("fingerprints", {}))
