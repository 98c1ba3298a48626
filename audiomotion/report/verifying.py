"""Recompute a table from the artifacts that it was measured from, and compare every cell."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.orchestrate.recomputing import measuring_stages, recompute
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.building import build_table
from audiomotion.report.cells import CellRecord, cell_records
from audiomotion.report.table import ResultTable
from audiomotion.report.tables import systems_beside


@dataclass(frozen=True)
class Mismatch:
    """A cell that came out otherwise."""

    row: str
    metric: str
    field: str
    shown: object
    recomputed: object

    def sentence(self) -> str:
        """Return what differs, in words."""
        return f"{self.row}, {self.metric}: {self.field} {self.shown}, again {self.recomputed}"


def verify_table(
    table: ResultTable, record: RunRecord, store: ArtifactStore, say: Callable[[str], None]
) -> list[Mismatch]:
    """Measure all that a launch's table shows again; return the cells that differ in any digit.

    Args:
        table: As it is shown.
        record: The launch.
        store: Where its artifacts are.
        say: Told what is measured.

    Raises:
        DataError: An artifact is gone or damaged, or was made by another version.
    """
    systems = systems_beside(store, record)
    stages = list(measuring_stages([*record.arms, *systems], store))
    with TemporaryDirectory(prefix="amx-verify-") as folder:
        artifacts = Path(folder)
        for number, stage in enumerate(stages, 1):
            say(
                f"measuring again, {number} of {len(stages)}: {stage.name} {stage.fingerprint[:16]}"
            )
            recompute(stage, store, artifacts / stage.name / stage.fingerprint)
        again = build_table(record, artifacts, systems)
    return list(_mismatches(table, again))


def _mismatches(shown: ResultTable, again: ResultTable) -> Iterator[Mismatch]:
    for one, other in zip(cell_records(shown), cell_records(again), strict=True):
        yield from _of_cell(one, other)


def _of_cell(shown: CellRecord, again: CellRecord) -> Iterator[Mismatch]:
    theirs = asdict(again)
    for field, value in asdict(shown).items():
        if value != theirs[field]:
            yield Mismatch(shown.row, shown.metric, field, value, theirs[field])
