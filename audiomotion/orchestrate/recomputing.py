"""Compute again, from the artifacts that it was made from, what a stage has left."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.config.experiment import Experiment
from audiomotion.errors import DataError
from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.orchestrate.store import MANIFEST, Artifact, ArtifactStore
from audiomotion.stages.base import AnyStage, StageContext
from audiomotion.stages.system import SystemStages


def stages_of(arm: ArmRecord) -> SystemStages:
    """Return the stages of an arm, as this version declares them for its configuration."""
    return SystemStages(Experiment.model_validate_json(json.dumps(arm.experiment)))


def measuring_stages(arms: Iterable[ArmRecord], store: ArtifactStore) -> Iterator[AnyStage]:
    """Yield every stage that measured arms which are done, each once.

    Raises:
        DataError: This version of audiomotion measures otherwise than the one that did.
    """
    seen: set[str] = set()
    for arm in arms:
        for name, stage in _measuring(arm, store) if arm.status == "done" else ():
            if stage.fingerprint != arm.fingerprints[name]:
                raise DataError(
                    f"{arm.arm} (seed {arm.seed}): {name} {arm.fingerprints[name][:16]} was made "
                    "by another version of audiomotion, which alone can make it again"
                )
            if stage.fingerprint not in seen:
                seen.add(stage.fingerprint)
                yield stage


def _measuring(arm: ArmRecord, store: ArtifactStore) -> Iterator[tuple[str, AnyStage]]:
    stages = stages_of(arm)
    if "outside" in arm.fingerprints:
        made = store.artifact_root / "outside" / arm.fingerprints["outside"]
        config = read_json(made / MANIFEST)["config"]
        folder, content = Path(config["folder"]), config["content"]
        missing = config["allow_missing"]
        yield "outside", stages.outside(folder, content, allow_missing=missing)
        return
    yield "evaluation", stages.evaluation
    if "reference" in arm.fingerprints:
        yield "reference", stages.reference


def recompute(stage: AnyStage, store: ArtifactStore, output: Path) -> None:
    """Run a stage again, into a new folder; every file that it reads is checked first.

    Raises:
        DataError: Its artifact or an input is gone or damaged, so that it cannot be.
    """
    for needed in stage.inputs.values():
        _refuse_damaged(needed, store)
    output.mkdir(parents=True)
    with (
        TemporaryDirectory(prefix="amx-again-") as scratch,
        as_it_was_made(stage, store, output, Path(scratch)) as context,
    ):
        stage.run(context)


def _refuse_damaged(needed: AnyStage, store: ArtifactStore) -> None:
    artifact = _found(needed, store)
    if problems := store.verify(artifact):
        listed = "; ".join(problems)
        raise DataError(f"{needed.name} {needed.fingerprint[:16]} is damaged: {listed}")


@contextmanager
def as_it_was_made(
    stage: AnyStage, store: ArtifactStore, output: Path, scratch: Path
) -> Iterator[StageContext]:
    """Give the context of a stage's run: its inputs from the store, its device and its threads.

    Sums, and so the last digits of figures, depend on the number of threads.

    Raises:
        DataError: What it left, or one of its inputs, is not in the store.
    """
    import torch

    environment = _found(stage, store).manifest["environment"]
    before = torch.get_num_threads()
    torch.set_num_threads(int(environment["threads"]))
    try:
        yield StageContext(
            inputs={role: _fetched(needed, store) for role, needed in stage.inputs.items()},
            output=output,
            scratch=scratch,
            cache=store.cache,
            report=lambda step, total, values: None,
            device=str(environment["device"]),
        )
    finally:
        torch.set_num_threads(before)


def _fetched(needed: AnyStage, store: ArtifactStore) -> Path:
    _found(needed, store)
    return store.fetch(needed)


def _found(stage: AnyStage, store: ArtifactStore) -> Artifact:
    artifact = store.find(stage)
    if artifact is None:
        raise DataError(
            f"{stage.name} {stage.fingerprint[:16]} is not in {store.location}: it was collected, "
            "or this is another store; the command of the launch makes it again"
        )
    return artifact
