"""Compute again, from the artifacts that it was made from, what a stage has left."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.config.experiment import Experiment
from audiomotion.errors import DataError, ModelError
from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.orchestrate.results import fetch_reports
from audiomotion.orchestrate.store import Artifact, ArtifactStore
from audiomotion.stages.base import AnyStage, StageContext
from audiomotion.stages.results import GIVEN
from audiomotion.stages.system import SystemStages


def stages_of(arm: ArmRecord) -> SystemStages:
    """Return the stages of an arm, as this version declares them for its configuration."""
    return SystemStages(Experiment.model_validate_json(json.dumps(arm.experiment)))


def measuring_stages(arms: Iterable[ArmRecord], store: ArtifactStore) -> Iterator[AnyStage]:
    """Yield every stage that measured the arms, each once: of those that are done, and the ceiling.

    Raises:
        DataError: This version of audiomotion measures otherwise than the one that did.
    """
    seen: set[str] = set()
    for arm in arms:
        for name, stage in _measuring(arm, store):
            refuse_other_version(arm, name, stage)
            if stage.fingerprint not in seen:
                seen.add(stage.fingerprint)
                yield stage


def refuse_other_version(arm: ArmRecord, name: str, stage: AnyStage) -> None:
    """Refuse to take a stage as this version declares it for the one that an arm's record names.

    Raises:
        DataError: They are not the same.
    """
    if stage.fingerprint != arm.fingerprints[name]:
        raise DataError(
            f"{arm.arm} (seed {arm.seed}): {name} {arm.fingerprints[name][:16]} was made by "
            "another version of audiomotion, which alone can make it again"
        )


def _measuring(arm: ArmRecord, store: ArtifactStore) -> Iterator[tuple[str, AnyStage]]:
    stages = stages_of(arm)
    is_done = arm.status == "done"
    if "outside" in arm.fingerprints:
        if is_done:
            yield "outside", _outside(arm, stages, store)
        return
    if is_done:
        yield "evaluation", stages.evaluation
    reference = arm.fingerprints.get("reference")
    if reference and store.named([("reference", reference)]):
        yield "reference", stages.reference


def _outside(arm: ArmRecord, stages: SystemStages, store: ArtifactStore) -> AnyStage:
    """Return the measurement of another system; its folder is in what the stage left."""
    key = arm.fingerprints["outside"]
    found = store.named([("outside", key)])
    if not found:
        raise DataError(f"outside {key[:16]} of {arm.arm} is not in {store.location}")
    fetch_reports(store, [("outside", key)])
    given = read_json(store.artifact_root / "outside" / key / GIVEN)
    config = found[0].manifest["config"]
    folder = Path(given["folder"])
    return stages.outside(folder, config["content"], allow_missing=config["allow_missing"])


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
        ModelError: It was made on a GPU, and there is none here.
    """
    import torch

    environment = _found(stage, store).manifest["environment"]
    if str(environment["device"]).startswith("cuda") and not torch.cuda.is_available():
        raise ModelError(
            f"{stage.name} {stage.fingerprint[:16]} was made on a GPU, and torch sees none here"
        )
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
