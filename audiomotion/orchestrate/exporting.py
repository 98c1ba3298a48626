"""A launch's motions as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.data.outside_files import MANIFEST
from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, read_json, write_json
from audiomotion.orchestrate.recomputing import as_it_was_made, refuse_other_version, stages_of
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.orchestrate.results import fetch_reports
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.results import RESULT


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
    stage = stages_of(arm).evaluation
    refuse_other_version(arm, "evaluation", stage)
    with (
        full_disk_explained(output),
        _place(output) as (motions, scratch),
        as_it_was_made(stage, store, motions, scratch) as context,
    ):
        again = export_motions(stage, context)
        about = {"system": arm.arm, "weights": f"{run}, seed {arm.seed}"}
        write_json(motions / MANIFEST, about)
        motions.rename(output)
    fetch_reports(store, [(stage.name, stage.fingerprint)])
    return bool(again.to_json() == read_json(store.folder(stage) / RESULT))


@contextmanager
def _place(output: Path) -> Iterator[tuple[Path, Path]]:
    """Give two folders beside `output`: for motions, and for scratch."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as place:
        motions, scratch = Path(place) / "motions", Path(place) / "scratch"
        motions.mkdir()
        scratch.mkdir()
        yield motions, scratch
