"""Records of other systems' motions that were measured: what a table takes rows from."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from audiomotion.config.experiment import Experiment
from audiomotion.errors import AudiomotionError, ConfigError
from audiomotion.orchestrate.launch import stage_fingerprints
from audiomotion.orchestrate.plan import Target
from audiomotion.orchestrate.records import (
    ArmRecord,
    RunFolder,
    RunRecord,
    all_runs,
    timestamp,
)
from audiomotion.orchestrate.stopping import terminated_as_interrupted
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.graph import OutsideStage

_NAME: Final = re.compile(r"\w[\w .+-]*")


def checked_name(system: str) -> str:
    """Return the name of a system.

    Raises:
        ConfigError: It cannot name a folder.
    """
    if not _NAME.fullmatch(system):
        raise ConfigError(
            f"--name: {system!r} cannot name a record; use letters, digits, space and . _ + -"
        )
    return system


def outside_record(
    system: str, weights: str, experiment: Experiment, stage: OutsideStage
) -> RunRecord:
    """Return the record of a system whose motions are measured, as a launch of one arm.

    Args:
        system: Its name in tables.
        weights: What is said of its weights.
        experiment: The experiment whose data set, evaluator and protocol it is measured with.
        stage: The measurement.
    """
    arm = ArmRecord(
        arm=system,
        seed=0,
        experiment=experiment.model_dump(mode="json"),
        fingerprints=stage_fingerprints(Target(system, 0, stage)),
        weights=weights,
    )
    dataset = experiment.dataset.label
    name = system.replace(" ", "_")
    return RunRecord(
        id=f"outside-{name}-{dataset}-{stage.fingerprint[:8]}",
        kind="outside",
        title=system,
        dataset=dataset,
        created=timestamp(),
        arms=(arm,),
        references=(),
    )


def keep_measured(
    record: RunRecord, store: ArtifactStore, measure: Callable[[], None], wait: Callable[[], None]
) -> RunRecord:
    """Measure, and keep the record, with the verdict once there is one.

    Args:
        record: Of what is measured, as it begins.
        store: Where it is kept.
        measure: Makes what is not in the store.
        wait: Called where another process measures the same.
    """
    folder = RunFolder(store, record.id)
    with terminated_as_interrupted(), folder.claim(wait):
        earlier = folder.load()
        if earlier is not None:
            record = replace(record, created=earlier.created)
        folder.save(record)  # first: what it names is not collected from then on
        (arm,) = record.arms
        try:
            measure()
        except AudiomotionError as error:
            failed = replace(arm, status="failed", reason=str(error), exit_code=error.exit_code)
            folder.save(record.with_arms((failed,), "failed"))
            raise
        except BaseException:
            folder.save(record.with_arms((arm,), "interrupted"))
            raise
        record = record.with_arms((replace(arm, status="done"),), "done")
        folder.save(record)
    return record


def comparable_systems(store: ArtifactStore, arm: ArmRecord) -> dict[str, ArmRecord]:
    """Return the other systems that were measured as an arm was, by name, each the newest time.

    That is on the same data set, by the same evaluator and the same protocol: their figures belong
    into the arm's table.

    Args:
        store: Where the records are.
        arm: An arm of a launch.
    """
    found: dict[str, ArmRecord] = {}
    for record in all_runs(store):
        is_measured = record.kind == "outside" and record.status == "done"
        if is_measured and _measured(record.arms[0]) == _measured(arm):
            found.setdefault(record.title, record.arms[0])
    return found


def _measured(arm: ArmRecord) -> tuple[object, ...]:
    """Return what decides whether two figures compare."""
    keys = arm.fingerprints
    protocol = (arm.experiment["evaluation"], arm.experiment["test_variant"])
    return keys["dataset"], keys["evaluator"], *protocol
