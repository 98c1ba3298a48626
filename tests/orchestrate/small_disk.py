"""Print as JSON what happens on a full disk: `python -m tests.orchestrate.small_disk FOLDER`."""

import json
import shutil
import sys
from pathlib import Path

import torch

from audiomotion.errors import DataError
from audiomotion.files import write_atomic, write_json
from audiomotion.orchestrate.importing import import_checkpoint
from audiomotion.orchestrate.store import ArtifactStore, verify
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from audiomotion.train.checkpoint import CheckpointFolder
from tests.orchestrate.toy import LARGE, importable, note


def main(disk: Path) -> None:
    """Fill the file system that `disk` is on, 1 MiB, in four ways."""
    filled = {
        "import": fill_by_import(disk),
        "stage": fill_by_stage(disk),
        "checkpoint": fill_by_checkpoint(disk),
    }
    print(json.dumps(filled))


def fill_by_import(disk: Path) -> dict[str, object]:
    store, filler = ArtifactStore(disk / "store"), disk / "filler"
    write_atomic(filler, lambda file: file.write(bytes(600 * 1024)))
    weights = importable(num_bytes=700 * 1024)
    said = failure(lambda: import_checkpoint(store, weights))
    left = [str(path.relative_to(disk)) for path in disk.rglob("*") if "weights" in path.name]
    filler.unlink()
    imported, is_new = import_checkpoint(store, weights)
    problems = verify(imported.artifact)
    shutil.rmtree(imported.artifact.folder)
    return {"said": said, "left": left, "new": is_new, "problems": problems}


def fill_by_stage(disk: Path) -> dict[str, object]:
    store = ArtifactStore(disk / "store")
    store.prepare()
    settings = WorkerSettings(store.location, None, "cpu", threads=1, checkpoint_seconds=30.0)
    filler = disk / "filler"
    write_atomic(filler, lambda file: file.write(bytes(600 * 1024)))
    stage = note("500", kind=LARGE)
    said = failure(lambda: run_stage(stage, settings))
    left = [str(path.relative_to(disk)) for path in disk.rglob("*large*")]
    found_before = store.find(stage) is not None
    filler.unlink()
    folder = run_stage(stage, settings).folder
    shards = (folder / "note").read_text().split()
    (folder / "large").unlink()
    return {"said": said, "left": left, "found": found_before, "shards": len(shards)}


def fill_by_checkpoint(disk: Path) -> dict[str, object]:
    checkpoints = CheckpointFolder(disk / "checkpoints")
    checkpoints.save(1, {"weights": torch.ones(10)})
    record = disk / "record.json"
    write_json(record, "old")
    said = failure(lambda: checkpoints.save(2, {"weights": torch.zeros(500_000)}))
    also_said = failure(lambda: write_json(record, "new" * 500_000))
    found = checkpoints.load()
    assert found is not None
    return {
        "said": said,
        "also_said": also_said,
        "files": sorted(path.name for path in (disk / "checkpoints").iterdir()),
        "step": found[0],
        "record": json.loads(record.read_text()),
        "left": [path.name for path in disk.glob(".*")],
    }


def failure(action) -> str:
    try:
        action()
    except DataError as error:
        return str(error)
    return "nothing"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
