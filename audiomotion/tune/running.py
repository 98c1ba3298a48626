"""A search from its request to its record, in the folder of its run."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.records import ArmRecord, RunFolder, RunRecord, RunStatus, timestamp
from audiomotion.orchestrate.stopping import terminated_as_interrupted
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.trials import TrialPool
from audiomotion.tune.driver import Driver, EventKind, Limits, front_of
from audiomotion.tune.journal import JOURNAL, Journal
from audiomotion.tune.record import StudyStatus, TuneRecord, save_record
from audiomotion.tune.request import TuneRequest
from audiomotion.tune.study import DATABASE, Study
from audiomotion.tune.trial import Trial

Observe = Callable[[EventKind, Trial, TuneRecord], None]


def _unnoticed(record: TuneRecord) -> None:
    """Take no notice."""


def _unobserved(event: EventKind, trial: Trial, record: TuneRecord) -> None:
    """Take no notice."""


@dataclass(frozen=True)
class Means:
    """With what a search is run."""

    prepare: Callable[[], None]
    """Makes every artifact that trials read."""
    make_pool: Callable[[], TrialPool]
    """Makes what measures, once those are there."""
    limits: Limits
    storage: str | None = None
    """RDB URL of Optuna's database; None keeps it in the run's folder."""
    gpu_hours: Callable[[Sequence[Trial]], float] = lambda trials: 0.0
    """Used so far, given the trials."""
    on_event: Observe = _unobserved
    on_begin: Callable[[TuneRecord], None] = _unnoticed
    """Called before anything is made or measured, where something is to be."""


def run_search(
    request: TuneRequest, store: ArtifactStore, means: Means, wait: Callable[[], None]
) -> TuneRecord:
    """Run what is missing of a search and return its record; it is saved after every trial.

    Args:
        request: What is tuned.
        store: Where artifacts and the run's folder are.
        means: With what.
        wait: Called where another process runs the same search, before waiting for it.

    Raises:
        AudiomotionError: What trials need cannot be made, or every trial fails for one reason.
    """
    folder = RunFolder(store, request.id)
    with folder.claim(wait), terminated_as_interrupted():
        return _Run(request, folder, means).to_the_end()


class _Run:
    def __init__(self, request: TuneRequest, folder: RunFolder, means: Means) -> None:
        self.request = request
        self.folder = folder
        self.means = means
        earlier = folder.load()
        self.created = timestamp() if earlier is None else earlier.created
        self.journal: Journal | None = None

    def to_the_end(self) -> TuneRecord:
        self._save("running")  # first: what it names is not collected from then on
        try:
            self.journal = Journal(self.folder.path / JOURNAL)
            record = self._finished() or self._run(self.journal)
        except BaseException as error:
            failed = isinstance(error, AudiomotionError)
            self._save("failed" if failed else "interrupted", str(error) if failed else "")
            raise
        return record

    def _finished(self) -> TuneRecord | None:
        """Return the record where every trial that is asked for was told already."""
        trials = self._trials
        told = [trial for trial in trials if trial.status != "running"]
        if len(told) < max(self.means.limits.trials, len(trials)):
            return None
        return self._save("done")

    def _run(self, journal: Journal) -> TuneRecord:
        self.means.on_begin(self._record("running"))
        self.means.prepare()
        request = self.request
        space, objective, means = request.space, request.objective, self.means
        place = means.storage or self.folder.path / DATABASE
        study = Study(request.id, space, objective, request.search.sampler, request.seed, place)
        study.open(journal.trials)

        def experiment(params: Mapping[str, Any]) -> Mapping[str, Any]:
            return space.experiment(params).model_dump(mode="json")

        with closing(means.make_pool()) as pool:
            driver = Driver(
                request.search,
                space,
                study,
                journal,
                pool,
                means.limits,
                self._note,
                experiment,
                means.gpu_hours,
            )
            driver.run()
        return self._save("done", driver.reason)

    def _note(self, event: EventKind, trial: Trial) -> None:
        record = self._record("running")
        if event == "ended":
            self._save("running")
        self.means.on_event(event, trial, record)

    @property
    def _trials(self) -> list[Trial]:
        return [] if self.journal is None else self.journal.trials

    def _save(self, status: StudyStatus, reason: str = "") -> TuneRecord:
        record = self._record(status, reason)
        self.folder.path.mkdir(parents=True, exist_ok=True)
        save_record(self.folder.path, record)
        self.folder.save(self._run_record(record))
        return record

    def _record(self, status: StudyStatus, reason: str = "") -> TuneRecord:
        request, trials = self.request, self._trials
        front = front_of(trials, request.objective)
        goals = [{"name": one.name, "direction": one.direction} for one in request.objective.goals]
        baseline = request.space.baseline()
        first = bool(trials) and dict(trials[0].exact) == baseline
        return TuneRecord(
            id=request.id,
            search=request.search.model_dump(mode="json"),
            dataset=request.experiment.dataset.label,
            experiment=request.experiment.model_dump(mode="json"),
            fingerprints=request.fingerprints,
            objectives=tuple(goals),
            split=request.experiment.evaluation.split,
            forced_test_split=request.forced_test_split,
            seed=request.seed,
            trials=tuple(trial.record() for trial in trials),
            winner=front[0] if front else None,
            front=tuple(front),
            baseline=0 if first else None,
            status=status,
            created=self.created,
            updated=timestamp(),
            reason=reason,
            as_given=request.as_given.model_dump(mode="json"),
        )

    def _run_record(self, record: TuneRecord) -> RunRecord:
        """Return the record that launches, collection and listings know."""
        statuses: Mapping[StudyStatus, RunStatus] = {
            "running": "running",
            "done": "done",
            "failed": "failed",
            "interrupted": "interrupted",
        }
        experiment = self.request.experiment
        system = ArmRecord(
            arm=self.request.label,
            seed=experiment.seed,
            experiment=dict(record.experiment),
            fingerprints=dict(record.fingerprints),
            weights=experiment.weights_label,
            status="done" if record.status == "done" else "pending",
        )
        trained = tuple(
            replace(
                system,
                arm=f"trial-{trial.number}",
                experiment=self.request.space.experiment(trial.exact).model_dump(mode="json"),
                fingerprints=dict(trial.fingerprints),
                status="failed" if trial.status == "failed" else "done",
                reason=trial.reason,
            )
            for trial in self._trials
            if trial.fingerprints
        )
        return RunRecord(
            id=record.id,
            kind="tune",
            title=self.request.search.name,
            dataset=record.dataset,
            created=record.created,
            arms=(system, *trained),
            references=(),
            status=statuses[record.status],
            updated=record.updated,
        )


def folder_of(store: ArtifactStore, run_id: str) -> Path:
    """Return the folder of a search's run, for its record, its journal and what is drawn of it."""
    return RunFolder(store, run_id).path
