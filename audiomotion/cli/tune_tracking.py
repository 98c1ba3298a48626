"""A search and its tracker: begun before the first trial, closed whatever happens."""

from dataclasses import replace
from typing import TYPE_CHECKING

from audiomotion.cli.closing import close_dead_launches
from audiomotion.cli.console import errors
from audiomotion.errors import ClusterError
from audiomotion.orchestrate.records import RunFolder
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.table import ResultTable
from audiomotion.tune.driver import EventKind
from audiomotion.tune.record import TuneRecord
from audiomotion.tune.trial import Trial

if TYPE_CHECKING:
    from audiomotion.tune.tracked import TrackedSearch


class SearchTracking:
    """Passes on what happens in a search; as a context it closes the runs of one that breaks off.

    Nothing is opened where all is noted already and nothing happens.
    """

    def __init__(self, store: ArtifactStore, folder: RunFolder) -> None:
        self._store = store
        self._folder = folder
        self._tracked: TrackedSearch | None = None
        earlier = folder.load()
        self._is_noted = (
            earlier is not None
            and earlier.status == "done"
            and not earlier.unobserved
            and (folder.path / "mlflow.json").exists()
        )

    def __enter__(self) -> "SearchTracking":
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Close what is open where the search broke off."""
        if kind is not None and self._tracked is not None:
            self._tracked.interrupted()

    def begin(self, record: TuneRecord) -> None:
        """Open the runs.

        Raises:
            ClusterError: The tracking server is away.
        """
        from audiomotion.track.tracker import Tracker, default_uri
        from audiomotion.tune.tracked import TrackedSearch

        uri = default_uri(self._store.root)
        close_dead_launches(self._store, uri)
        tracker = Tracker(uri, self._store.root, self._folder.path)
        self._tracked = TrackedSearch(tracker, self._store, errors.say)
        self._tracked.begin(record)

    def event(self, event: EventKind, trial: Trial, record: TuneRecord) -> None:
        """Note that a trial begins, or how it ended."""
        if self._tracked is not None and event != "repeat":
            self._tracked.noted(record, trial.record())

    def end(self, record: TuneRecord, tested: ResultTable | None, *, is_new: bool) -> str:
        """Note what came of it; return why that failed, or nothing.

        Args:
            record: The search, ended.
            tested: Its test.
            is_new: Whether the test was measured now.
        """
        if self._tracked is None and self._is_noted and not is_new:
            return ""
        try:
            if self._tracked is None:
                self.begin(record)
            assert self._tracked is not None
            self._tracked.end(record, tested)
        except ClusterError as error:
            if (run := self._folder.load()) is not None:
                self._folder.save(replace(run, unobserved=str(error)))
            return str(error)
        return ""
