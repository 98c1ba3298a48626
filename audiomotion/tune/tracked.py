"""A search in MLflow: one parent run, one child run a trial."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from audiomotion import __version__
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.patient import PatientWriter, Say, at_most_briefly
from audiomotion.report.render.markdown import markdown
from audiomotion.report.render.sheet import sheet_of
from audiomotion.report.table import ResultTable
from audiomotion.report.tracked import launch_metrics
from audiomotion.track.tracker import Tracker
from audiomotion.tune.objective import means
from audiomotion.tune.plots import plots_of
from audiomotion.tune.recipe import best_recipe
from audiomotion.tune.record import TUNE_RECORD, TrialRecord, TrialStatus, TuneRecord

_STATUSES: Final[Mapping[TrialStatus, str]] = {
    "done": "FINISHED", "pruned": "KILLED", "failed": "FAILED"
}  # fmt: skip


def trial_label(number: int) -> str:
    """Return the name of a trial's child run."""
    return f"trial {number}"


class TrackedSearch:
    """Follows a search and writes it to a tracker, which may be away for a while."""

    def __init__(self, tracker: Tracker, store: ArtifactStore, say: Say) -> None:
        self.tracker = tracker
        self.store = store
        self._writer = PatientWriter(say, what="search")
        self._begun = False

    def begin(self, record: TuneRecord) -> None:
        """Open the parent run, and make up for trials of earlier attempts that it lacks.

        Raises:
            ClusterError: The server is away: nothing has been computed yet.
        """
        self._begun = True
        name = f"tune-{record.search['name']}-{record.dataset}"
        self.tracker.open_runs(name, record.id, self._tags(record), {})
        self._writer.start()
        for trial in record.trials:
            self.noted(record, trial)

    def noted(self, record: TuneRecord, trial: TrialRecord) -> None:
        """Write a trial soon: that it runs, or how it ended."""
        self._writer.later(lambda: self._write(record, trial))

    def end(self, record: TuneRecord, tested: ResultTable | None) -> None:
        """Return when everything is written: trials, what won, its test, plots.

        Raises:
            ClusterError: The server stayed away for too long.
        """
        for trial in record.trials:
            self.noted(record, trial)
        self._writer.finish(lambda: self._close(record, tested))

    def interrupted(self) -> None:
        """Close what is open as killed, if that takes no longer than there is time."""
        if self._begun:
            at_most_briefly(self._close_open)

    def _close_open(self) -> None:
        self.tracker.close_open()

    def _tags(self, record: TuneRecord) -> dict[str, str]:
        return {
            "amx.run": record.id,
            "amx.kind": "tune",
            "amx.search": str(record.search["name"]),
            "amx.dataset": record.dataset,
            "amx.split": record.split + " (forced)" * record.forced_test_split,
            "amx.convention": record.convention,
            "amx.version": __version__,
        }

    def _write(self, record: TuneRecord, trial: TrialRecord) -> None:
        label = trial_label(trial.number)
        if self.tracker.verdict(label) == trial.status:
            return
        tags = self._tags(record) | {"amx.trial": str(trial.number)}
        if trial.reused is not None:
            tags["amx.reused"] = trial_label(trial.reused)
        self.tracker.open_child(label, trial.params, tags)
        if trial.status == "running":
            return
        self.tracker.log_metrics(label, _figures(record, trial))
        reason = trial.reason
        self.tracker.end(label, _STATUSES[trial.status], trial.status, reason)

    def _close(self, record: TuneRecord, tested: ResultTable | None) -> None:
        figures, tags = {"trials": float(len(record.trials))}, {}
        if record.winner is not None:
            winner = record.trial(record.winner)
            figures |= _figures(record, winner)
            # Tags: more trials may find better values, and MLflow never changes parameters.
            tags = {f"amx.best.{path}": str(value) for path, value in winner.params.items()}
            tags["amx.best"] = trial_label(record.winner)
        if tested is not None:
            figures |= {
                f"test/{name}": value for name, value in launch_metrics(tested.rows).items()
            }
        self.tracker.log_metrics("", figures, tags)
        self.tracker.describe("", self._described(record, tested), "test.md")
        self._log_files(record, tested)
        ended = "FINISHED" if record.winner is not None else "FAILED"
        self.tracker.end("", ended, "done" if record.winner is not None else "failed")

    def _described(self, record: TuneRecord, tested: ResultTable | None) -> str:
        lines = [f"{record.search['question']}", record.convention + "."]
        if record.winner is not None:
            winner = record.trial(record.winner)
            lines.append(f"Best: {dict(winner.params)}, trial {winner.number}.")
        text = "" if tested is None else "\n\n" + markdown(sheet_of(tested))
        return "\n\n".join(lines) + text

    def _log_files(self, record: TuneRecord, tested: ResultTable | None) -> None:
        self.tracker.log_file("", self.store.runs / record.id / TUNE_RECORD)
        if tested is not None:
            self.tracker.log_text("", markdown(sheet_of(tested)), "test.md")
        if record.winner is not None:
            self.tracker.log_text("", best_recipe(record), "best.yaml")
        with tempfile.TemporaryDirectory() as folder:
            for name, png in plots_of(record).items():
                path = Path(folder) / f"{name}.png"
                path.write_bytes(png)
                self.tracker.log_file("", path)


def _figures(record: TuneRecord, trial: TrialRecord) -> dict[str, float]:
    """Return what a trial measured: the means over its repeats, and its values."""
    found = dict(means(trial.repeats)) if trial.repeats else {}
    pairs = zip(record.objectives, trial.values, strict=False)
    found |= {f"objective/{goal['name']}": value for goal, value in pairs}
    return found | {"repeats": float(len(trial.repeats)), "seconds": trial.seconds}
