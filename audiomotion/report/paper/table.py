"""One table of the paper with what was measured beside each of its rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from audiomotion.orchestrate.records import RunRecord
from audiomotion.report.cells import CellRecord, cell_records
from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY
from audiomotion.report.paper.layouts import PaperLayout
from audiomotion.report.paper.speeds import SpeedRecord
from audiomotion.report.published import PublishedRow, published_rows
from audiomotion.report.statistics import Figure
from audiomotion.report.table import ResultTable, Row
from audiomotion.report.verdicts import Verdict
from audiomotion.report.word_errors import WordErrors


@dataclass(frozen=True)
class Measured:
    """A launch beside one published table."""

    run: RunRecord
    table: ResultTable
    place: int
    """Of the published table among those of the launch."""

    def rows_of(self, published: str | None) -> list[Row]:
        """Return the arms and systems beside a published row; of None, those that have none."""
        rows = [*self.table.rows, *self.table.systems]
        return [row for row in rows if self._published_name(row) == published]

    def verdict(self, row: Row, metric: str) -> Verdict | None:
        """Return what a row's figure says of the published one."""
        return row.verdicts[self.place].get(metric) if row.verdicts else None

    def _published_name(self, row: Row) -> str | None:
        found = row.published[self.place] if row.published else None
        return found.name if found else None


@dataclass(frozen=True)
class Block:
    """The rows of one data set."""

    dataset: str | None
    """Measured on; of published figures alone, theirs."""
    published_dataset: str | None
    published: Mapping[str, PublishedRow]
    """The paper's rows by name."""
    measured: Measured | None = None
    """None where no launch has finished."""


@dataclass(frozen=True)
class PaperTable:
    """What the paper published, and what was measured of it here."""

    layout: PaperLayout
    blocks: Sequence[Block]
    speeds: SpeedRecord | None = None
    """Of table 4: what was measured of speed."""
    word_errors: Mapping[str, Mapping[str, WordErrors]] = field(default_factory=dict)
    """Of table 4: by launch and arm, how much a cascade mishears."""

    def cells(self) -> Iterator[CellRecord]:
        """Yield every cell, those of data sets without a launch as published only."""
        if self.speeds is not None:
            yield from self.speeds.cells()
        for block in self.blocks:
            beside = set()
            if block.measured is not None:
                run, own = block.measured.run.id, block.measured
                for cell in cell_records(own.table, own.place):
                    beside.add(cell.published_system)
                    yield replace(cell, run=run)
            rest = (row for row in block.published.values() if row.system not in beside)
            yield from _published_cells(self.layout.number, block.published_dataset, rest)


def measured_block(layout: PaperLayout, run: RunRecord, table: ResultTable) -> Block:
    """Return the rows of a launch; its axes have the table among those that stand beside."""
    place = [source.table for source in table.published].index(layout.number)
    dataset = table.published[place].dataset
    rows = published_rows(layout.number, dataset)
    return Block(table.dataset, dataset, rows, Measured(run, table, place))


def published_block(layout: PaperLayout, dataset: str | None) -> Block:
    """Return the paper's rows of a data set that nothing was measured on."""
    return Block(dataset, dataset, published_rows(layout.number, dataset))


def _published_cells(
    number: int, dataset: str | None, rows: Iterable[PublishedRow]
) -> Iterator[CellRecord]:
    for row in rows:
        for metric in (*METRICS, *PUBLISHED_ONLY):
            figure: Figure | None = row.figures.get(metric.in_paper)
            if figure is not None:
                yield CellRecord(
                    dataset="",
                    row=row.system,
                    metric=metric.key,
                    published_table=number,
                    published_dataset=dataset or "",
                    published_system=row.system,
                    published=figure.mean,
                    published_half_width=figure.half_width,
                )
