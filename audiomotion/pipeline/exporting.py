"""A finished launch to the folder of one of its systems."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from audiomotion import __version__
from audiomotion.data.dataset import MotionDataset
from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, read_json, sync_tree
from audiomotion.models.conditioned import FeatureShape
from audiomotion.orchestrate.choosing import find_arm, find_run
from audiomotion.orchestrate.recomputing import stages_of
from audiomotion.orchestrate.records import ArmRecord, RunRecord, all_runs
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.pipeline.card import model_card
from audiomotion.pipeline.folder import (
    CARD,
    EXTRACTOR,
    STATISTICS,
    SystemConfig,
    weights_file,
)
from audiomotion.stages.base import AnyStage
from audiomotion.stages.results import FEATURES, RESULT, WEIGHTS
from audiomotion.stages.system import SystemStages

_TRAINED: Final = ("rvq", "masked", "residual")


def export_run(
    run: str, output: Path, *, store: str, arm: str | None = None, seed: int | None = None
) -> ArmRecord:
    """Write a system of a launch, found by the beginning of its id; see `export_system`.

    Raises:
        ConfigError: There is no such launch, or it has several systems.
    """
    place = open_store(store)
    record = find_run(run, list(all_runs(place)))
    chosen = find_arm(record, arm, seed)
    export_system(record, chosen, place, output)
    return chosen


def export_system(record: RunRecord, arm: ArmRecord, store: ArtifactStore, output: Path) -> None:
    """Write everything that generates motion with one system; `output` appears whole or not at all.

    Args:
        record: The launch.
        arm: Its system.
        store: Where its artifacts are.
        output: Folder to write.

    Raises:
        DataError: `output` is there already, the disk is full, or an artifact is gone or damaged.
    """
    if output.exists():
        raise DataError(f"{output} exists; choose another folder, or delete it")
    with full_disk_explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as place:
            folder = Path(place) / "system"
            folder.mkdir()
            _fill(folder, record, arm, store)
            sync_tree(folder)
            folder.rename(output)


def _fill(folder: Path, record: RunRecord, arm: ArmRecord, store: ArtifactStore) -> None:
    stages = stages_of(arm)
    for part in _TRAINED:
        made = _whole(getattr(stages, part), store)
        shutil.copyfile(made / WEIGHTS, folder / weights_file(part))
    shutil.copyfile(_whole(stages.rvq, store) / STATISTICS, folder / STATISTICS)
    has_length = store.find(stages.length) is not None
    if has_length:
        made = _whole(stages.length, store)
        shutil.copyfile(made / WEIGHTS, folder / weights_file("length"))
    _copy_imported(stages, store, folder)
    config = _config(stages, record, arm, store, has_length=has_length)
    config.save(folder)
    result = read_json(_whole(stages.evaluation, store) / RESULT)
    (folder / CARD).write_text(model_card(config, result), "utf-8")


def _copy_imported(stages: SystemStages, store: ArtifactStore, folder: Path) -> None:
    """Take the extractor's weights along where they were imported, and have no name elsewhere."""
    inputs: dict[str, Any] = dict(stages.tested_features.inputs)
    if "checkpoint" in inputs:
        made = _whole(inputs["checkpoint"], store)
        shutil.copyfile(made / WEIGHTS, folder / weights_file(EXTRACTOR))


def _config(
    stages: SystemStages, record: RunRecord, arm: ArmRecord, store: ArtifactStore, has_length: bool
) -> SystemConfig:
    features = read_json(_whole(stages.tested_features, store) / FEATURES)
    return SystemConfig(
        stages.experiment,
        MotionDataset(_whole(stages.dataset, store)).skeleton,
        FeatureShape(int(features["feature_dim"]), int(features["num_layers"])),
        stages.length.config.num_classes if has_length else 0,
        {
            "run": record.id,
            "arm": arm.arm,
            "seed": arm.seed,
            "encoder_weights": arm.weights,
            "audiomotion": __version__,
        },
    )


def _whole(stage: AnyStage, store: ArtifactStore) -> Path:
    """Return an artifact's folder.

    Raises:
        DataError: It is gone, or its files have changed.
    """
    artifact = store.find(stage)
    if artifact is None:
        raise DataError(
            f"{stage.name} {stage.fingerprint[:16]} is not in {store.location}: it was collected, "
            "or this is another store; the command of the launch makes it again"
        )
    folder = store.fetch(stage)
    trained = (WEIGHTS, STATISTICS)
    if any((folder / name).exists() for name in trained) and (problems := store.verify(artifact)):
        raise DataError(f"{stage.name} {stage.fingerprint[:16]} is damaged: {'; '.join(problems)}")
    return folder
