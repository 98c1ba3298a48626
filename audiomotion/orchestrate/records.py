"""Records of launches: what was asked for, and the verdict on every arm."""

import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from audiomotion.errors import DataError
from audiomotion.files import read_json, write_json

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
    kind: Literal["ablation", "experiment"]
    title: str
    """Name of the axis or of the experiment."""
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

    def with_arms(self, arms: tuple[ArmRecord, ...], status: RunStatus) -> "RunRecord":
        """Return the record with new verdicts."""
        return replace(self, arms=arms, status=status, updated=timestamp(), unobserved="")


def timestamp() -> str:
    """Return the time in UTC, ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class RunFolder:
    """The folder of one launch below the store: its record and what trackers keep."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, record: RunRecord) -> None:
        """Write the record."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "run.json", asdict(record))

    @contextmanager
    def claim(self, wait: Callable[[], None]) -> Iterator[None]:
        """Hold the launch; call `wait` and wait where another process holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "driver.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                wait()
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def close_if_dead(self) -> bool:
        """Mark the launch as interrupted if it says that it runs and no living process holds it."""
        with (self.path / "driver.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
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


def all_runs(runs: Path) -> Iterator[RunRecord]:
    """Yield every record below `runs`, the newest first."""
    records = (_load_or_warn(RunFolder(path.parent)) for path in runs.glob("*/run.json"))
    found = [record for record in records if record is not None]
    yield from sorted(found, key=lambda record: record.updated or record.created, reverse=True)


def close_dead_runs(runs: Path) -> list[RunFolder]:
    """Mark launches whose driver died as interrupted; return their folders."""
    folders = [RunFolder(path.parent) for path in sorted(runs.glob("*/run.json"))]
    return [folder for folder in folders if _load_or_warn(folder) and folder.close_if_dead()]


def _load_or_warn(folder: RunFolder) -> RunRecord | None:
    """Return a record; one that cannot be read must not stop other launches."""
    try:
        return folder.load()
    except DataError as error:
        logger.warning("%s", error)
        return None
