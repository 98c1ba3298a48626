"""Recompute a table from the artifacts that it was measured from, and compare every cell."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.orchestrate.recomputing import measuring_stages, recompute
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.cells import CellRecord, cell_records
from audiomotion.report.table import ResultTable
from audiomotion.report.tables import systems_beside, table_from


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
        again = table_from(artifacts, record, systems)
    return list(_mismatches(table, again))


def _mismatches(shown: ResultTable, again: ResultTable) -> Iterator[Mismatch]:
    theirs = {_place(cell): cell for cell in cell_records(again)}
    for cell in cell_records(shown):
        other = theirs.pop(_place(cell), None)
        if other is None:
            yield Mismatch(cell.row, cell.metric, "mean", cell.mean, None)
        else:
            yield from _of_cell(cell, other)
    for cell in theirs.values():
        yield Mismatch(cell.row, cell.metric, "mean", None, cell.mean)


def _place(cell: CellRecord) -> tuple[object, ...]:
    return cell.row, cell.metric, cell.published_table, cell.published_dataset


def _of_cell(shown: CellRecord, again: CellRecord) -> Iterator[Mismatch]:
    theirs = asdict(again)
    for field, value in asdict(shown).items():
        if not _same(value, theirs[field]):
            yield Mismatch(shown.row, shown.metric, field, value, theirs[field])


def _same(one: object, other: object) -> bool:
    """Return whether two values are one; NaN, which is not equal to itself, is one with NaN."""
    both_nan = one != one and other != other
    return one == other or both_nan
