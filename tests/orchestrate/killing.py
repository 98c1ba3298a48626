"""What the tests that kill processes share: where a training is, and what it left."""

import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.files import file_digest
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.progress import read_progress
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import progress_path
from audiomotion.stages.base import AnyStage
from audiomotion.stages.results import CURVES, WEIGHTS
from audiomotion.train.curves import read_curves
from tests.orchestrate.driver import ENDLESS as WITHOUT_CHECKPOINTS
from tests.orchestrate.driver import run
from tests.orchestrate.processes import wait_until
from tests.orchestrate.toy import LOG_EVERY, NUM_STEPS, trainings


@dataclass(frozen=True)
class Trained:
    """What a training left."""

    digest: str
    """Of the weights file."""
    starts: list[int]
    """First step of each attempt."""
    curves: list[dict[str, float]]


def trained(store: ArtifactStore, stage: AnyStage) -> Trained:
    """Return what is left in the store, checked."""
    artifact = store.find(stage)
    assert artifact is not None
    assert store.verify(artifact) == []
    folder = store.fetch(stage)
    starts = json.loads((folder / "starts.json").read_text())
    return Trained(file_digest(folder / WEIGHTS), starts, read_curves(folder / CURVES))


@cache
def undisturbed() -> tuple[Trained, ...]:
    """Return what both trainings leave when nothing happens to them, in this process.

    They are done once for all tests, and without the checkpoints that the others write.
    """
    with TemporaryDirectory() as root:
        store = ArtifactStore(Path(root))
        assert run(store, LocalExecutor(store, None, WITHOUT_CHECKPOINTS)).failures == {}
        return tuple(trained(store, stage) for stage in trainings())


class Victim:
    """One training of a store, held before its end until it is let go."""

    def __init__(self, store: ArtifactStore, stage: AnyStage) -> None:
        self.folder = store.work_folder(stage.fingerprint)
        self.progress = progress_path(store, stage.fingerprint)
        self.checkpoints = self.folder / "scratch" / "checkpoints"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "gate").write_text(str(NUM_STEPS * 9 // 10))

    @property
    def pid(self) -> int:
        """The process that trains."""
        return int((self.folder / "scratch" / "pid").read_text())

    def wait_for_random_step(self) -> None:
        """Return after a checkpoint, and then some steps more, somewhere in mid-training."""
        wait_until(lambda: any(self.checkpoints.glob("step-*.pt")), "a checkpoint")
        curves = self.folder / "scratch" / CURVES
        wanted = random.randrange(NUM_STEPS // 5, NUM_STEPS * 4 // 5)
        wait_until(lambda: (read_curves(curves) or [{"step": 0}])[-1]["step"] > wanted, f"{wanted}")
        progress = read_progress(self.progress)
        assert progress is not None
        assert progress.total in (0, NUM_STEPS)

    def let_go(self) -> None:
        """Open the gate."""
        (self.folder / "gate").unlink()


def assert_resumed(found: Trained, expected: Trained) -> None:
    """Check that a killed training went on where it was, and ended as if nothing had happened."""
    assert found.digest == expected.digest
    assert expected.starts == [0]
    assert found.starts[0] == 0
    assert len(found.starts) == 2
    assert 0 < found.starts[1] < NUM_STEPS
    assert [point["step"] for point in found.curves] == [
        *range(LOG_EVERY, NUM_STEPS, LOG_EVERY),
        NUM_STEPS,
    ]
    assert found.curves == expected.curves
