"""Records of launches: what was asked for, and the verdict on every arm."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, read_json, write_json
from audiomotion.orchestrate.store import ArtifactStore

logger = logging.getLogger(__name__)

ArmStatus = Literal["pending", "done", "failed", "skipped"]
RunStatus = Literal["running", "done", "failed", "interrupted"]


@dataclass(frozen=True)
class ArmRecord:
    """One arm and seed of a launch."""

    arm: str
    seed: int
    experiment: dict[str, Any]
    """The fully resolved configuration."""
    fingerprints: dict[str, str]
    """Fingerprint of each of its stages."""
    weights: str
    """Where the frozen encoder's weights come from."""
    status: ArmStatus = "pending"
    reason: str = ""
    exit_code: int = 0
    failure_kind: str = ""
    """What kind of reason that is; see `FailureKind`."""


@dataclass(frozen=True)
class RunRecord:
    """One launch; the same request continues the same record."""

    id: str
    kind: Literal["ablation", "experiment", "outside", "tune"]
    title: str
    """Name of the axis, of the experiment, of the outside system, or of the search."""
    dataset: str
    created: str
    arms: tuple[ArmRecord, ...]
    references: tuple[str, ...]
    """Fingerprints of the stages that measure real and reconstructed motion."""
    axis: dict[str, Any] = field(default_factory=dict)
    """The axis: its question, baseline, published table."""
    status: RunStatus = "running"
    updated: str = ""
    unobserved: str = ""
    """Why the tracker does not have everything of it; empty where it has."""

    def fingerprints(self) -> Iterator[str]:
        """Yield the fingerprints that it names; one that arms share comes more than once."""
        yield from self.references
        for arm in self.arms:
            yield from arm.fingerprints.values()

    def with_arms(self, arms: tuple[ArmRecord, ...], status: RunStatus) -> "RunRecord":
        """Return the record with new verdicts."""
        return replace(self, arms=arms, status=status, updated=timestamp(), unobserved="")


def timestamp() -> str:
    """Return the time in UTC, ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class RunFolder:
    """The folder of one launch below the store: its record and what trackers keep."""

    def __init__(self, store: ArtifactStore, run_id: str) -> None:
        self.id = run_id
        self._store = store

    @property
    def path(self) -> Path:
        """Where the folder is on this machine."""
        return self._store.runs / self.id

    def save(self, record: RunRecord) -> None:
        """Write the record, and let other machines see all that the folder holds."""
        with full_disk_explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "run.json", asdict(record))
        self.share()

    def share(self) -> None:
        """Let other machines see all that the folder holds."""
        self._store.push(self.path)

    @contextmanager
    def claim(self, wait: Callable[[], None]) -> Iterator[None]:
        """Hold the launch; call `wait` and wait where another process holds it."""
        name = f"run-{self.id}"
        with self._store.claim(name, wait=False) as mine:
            if mine:
                self._store.pull(self.path)
                yield
                return
        wait()
        with self._store.claim(name):
            self._store.pull(self.path)
            yield

    def close_if_dead(self) -> bool:
        """Mark the launch as interrupted if it says that it runs and no living process holds it."""
        with self._store.claim(f"run-{self.id}", wait=False) as mine:
            if not mine:
                return False
            self._store.pull(self.path)
            record = self.load()
            if record is None or record.status != "running":
                return False
            self.save(record.with_arms(record.arms, "interrupted"))
        return True

    def load(self) -> RunRecord | None:
        """Return the record, or None where there is none yet."""
        path = self.path / "run.json"
        if not path.exists():
            return None
        content = read_json(path)
        try:
            arms = tuple(ArmRecord(**arm) for arm in content.pop("arms"))
            references = tuple(content.pop("references"))
            return RunRecord(arms=arms, references=references, **content)
        except (KeyError, TypeError) as error:
            raise DataError(
                f"{path} was written by another version of audiomotion; delete its folder "
                "(artifacts are not in it) and run again"
            ) from error


def all_runs(store: ArtifactStore) -> Iterator[RunRecord]:
    """Yield every record of a store, the newest first."""
    records = (record for _, record in _all_folders(store))
    yield from sorted(records, key=lambda record: record.updated or record.created, reverse=True)


def close_dead_runs(store: ArtifactStore) -> list[RunFolder]:
    """Mark launches whose driver died as interrupted; return their folders."""
    return [
        folder
        for folder, record in _all_folders(store)
        if record.status == "running" and folder.close_if_dead()
    ]


def _all_folders(store: ArtifactStore) -> Iterator[tuple[RunFolder, RunRecord]]:
    store.pull(store.runs)
    for path in sorted(store.runs.glob("*/run.json")):
        folder = RunFolder(store, path.parent.name)
        if (record := _load_or_warn(folder)) is not None:
            yield folder, record


def _load_or_warn(folder: RunFolder) -> RunRecord | None:
    """Return a record; one that cannot be read must not stop other launches."""
    try:
        return folder.load()
    except DataError as error:
        logger.warning("%s", error)
        return None
