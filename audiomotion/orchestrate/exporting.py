"""A launch's motions as files."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.config.experiment import Experiment
from audiomotion.data.outside_files import MANIFEST
from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, read_json, write_json
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.orchestrate.results import fetch_reports
from audiomotion.orchestrate.store import Artifact, ArtifactStore
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import EvaluationStage
from audiomotion.stages.results import RESULT
from audiomotion.stages.system import SystemStages


def write_motions(arm: ArmRecord, run: str, store: ArtifactStore, output: Path) -> bool:
    """Generate an arm's motions as it was measured; return whether its figures came out again.

    `output` appears whole or not at all.

    Args:
        arm: An arm of a launch that has a result.
        run: The launch's id.
        store: Where the launch's artifacts are.
        output: Folder to write.

    Raises:
        DataError: `output` is there already, the disk is full, or an artifact is gone.
    """
    from audiomotion.stages.exporting import export_motions

    if output.exists():
        raise DataError(f"{output} exists; choose another folder, or delete it")
    experiment = Experiment.model_validate_json(json.dumps(arm.experiment))
    stage = SystemStages(experiment).evaluation
    measured = store.find(stage)
    if measured is None or any(store.find(needed) is None for needed in stage.inputs.values()):
        raise DataError(
            f"{arm.arm}: not all of its artifacts are in {store.location}; train it again"
        )
    fetch_reports(store, [(stage.name, stage.fingerprint)])
    with full_disk_explained(output), _prepared(stage, measured, store, output) as context:
        again = export_motions(stage, context)
        about = {"system": arm.arm, "weights": f"{run}, seed {arm.seed}"}
        write_json(context.output / MANIFEST, about)
        context.output.rename(output)
    return bool(again.to_json() == read_json(measured.folder / RESULT))


@contextmanager
def _prepared(
    stage: EvaluationStage, measured: Artifact, store: ArtifactStore, output: Path
) -> Iterator[StageContext]:
    """Give a place beside `output`, and as many threads as the evaluation had: it rounds alike."""
    import torch

    environment = measured.manifest["environment"]
    torch.set_num_threads(int(environment["threads"]))
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as place:
        for name in ("motions", "scratch"):
            (Path(place) / name).mkdir()
        yield StageContext(
            inputs={role: store.fetch(needed) for role, needed in stage.inputs.items()},
            output=Path(place) / "motions",
            scratch=Path(place) / "scratch",
            cache=store.cache,
            report=lambda step, total, values: None,
            device=str(environment["device"]),
        )
