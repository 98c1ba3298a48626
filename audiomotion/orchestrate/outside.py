"""Records of other systems' motions that were measured: what a table takes rows from."""

import re
from pathlib import Path
from typing import Final

from audiomotion.config.experiment import Experiment
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.records import ArmRecord, RunRecord, all_runs, timestamp
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
    """Return the record of a system whose motions were measured, as a launch of one arm.

    Args:
        system: Its name in tables.
        weights: What is said of its weights.
        experiment: The experiment whose data set, evaluator and protocol it was measured with.
        stage: The measurement.
    """
    now = timestamp()
    inputs = {role: needed.fingerprint for role, needed in stage.inputs.items()}
    arm = ArmRecord(
        arm=system,
        seed=0,
        experiment=experiment.model_dump(mode="json"),
        fingerprints={**inputs, "outside": stage.fingerprint},
        weights=weights,
        status="done",
    )
    dataset = experiment.dataset.label
    name = system.replace(" ", "_")
    return RunRecord(
        id=f"outside-{name}-{dataset}-{stage.fingerprint[:8]}",
        kind="outside",
        title=system,
        dataset=dataset,
        created=now,
        arms=(arm,),
        references=(),
        status="done",
        updated=now,
    )


def comparable_systems(runs: Path, arm: ArmRecord) -> dict[str, ArmRecord]:
    """Return the other systems that were measured as an arm was, by name, each the newest time.

    That is on the same data set, by the same evaluator and the same protocol: their figures belong
    into the arm's table.

    Args:
        runs: Folder of the records.
        arm: An arm of a launch.
    """
    found: dict[str, ArmRecord] = {}
    for record in all_runs(runs):
        if record.kind == "outside" and _measured(record.arms[0]) == _measured(arm):
            found.setdefault(record.title, record.arms[0])
    return found


def _measured(arm: ArmRecord) -> tuple[object, ...]:
    """Return what decides whether two figures compare."""
    keys = arm.fingerprints
    protocol = (arm.experiment["evaluation"], arm.experiment["test_variant"])
    return keys["dataset"], keys["evaluator"], *protocol
