"""A result table cell by cell: each figure with all that is known of it, and where it is from."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY, Metric
from audiomotion.report.statistics import two_noises
from audiomotion.report.table import ResultTable, Row


@dataclass(frozen=True)
class CellRecord:
    """One row and metric. None, or an empty text, where there is nothing to say."""

    dataset: str
    """Measured on; empty where nothing was."""
    row: str
    """The arm, real motion, or another system."""
    metric: str
    mean: float | None = None
    half_width: float | None = None
    """Half the 95 % interval that tables show: over seeds, of one seed over its repeats."""
    half_width_repeats: float | None = None
    """Half the 95 % interval over the repeats of one trained model."""
    num_seeds: int = 0
    mark: str = ""
    """`best` or `second`, where it is earned."""
    baseline: str = ""
    difference: float | None = None
    """Row minus baseline; of Diversity the distances to real motion's are compared."""
    difference_half_width: float | None = None
    effect: float | None = None
    """The difference in standard deviations over seeds."""
    p: float | None = None
    p_holm: float | None = None
    """After Holm over arms × metrics."""
    test: str = ""
    """What the difference was tested by; `noise of sampling only` with one training seed."""
    published_table: int | None = None
    published_dataset: str = ""
    published_system: str = ""
    published: float | None = None
    published_half_width: float | None = None
    verdict: str = ""
    verdict_reason: str = ""
    run: str = ""
    """Launch, in a table of the paper."""
    artifacts: str = ""
    """Where the figure is from, by seed: `evaluation/FINGERPRINT`, joined by spaces."""


CELL_FIELDS = tuple(field.name for field in fields(CellRecord))
"""Names of a cell's fields, in order."""


def cell_records(table: ResultTable, place: int | None = None) -> Iterator[CellRecord]:
    """Yield every cell of a table in which something was measured or published.

    Args:
        table: The table.
        place: Take of its published tables this one only; else a row that stands beside several
            has a cell for each of them.
    """
    for row in table.all_rows:
        for metric in (*METRICS, *PUBLISHED_ONLY):
            own = _measured(table, row, metric)
            beside = list(_beside_published(own, table, row, metric, place))
            yield from beside or ([own] if metric.key in row.figures else [])


def _measured(table: ResultTable, row: Row, metric: Metric) -> CellRecord:
    cell = CellRecord(table.dataset, row.name, metric.key)
    figure = row.figures.get(metric.key)
    if figure is None:
        return cell
    seeds = [figures[metric.key] for figures in row.by_seed.values() if metric.key in figures]
    cell = replace(
        cell,
        mean=figure.mean,
        half_width=figure.half_width,
        half_width_repeats=two_noises(seeds).over_repeats if seeds else figure.half_width,
        num_seeds=len(seeds),
        mark=table.comparison.marks.get((row.name, metric.key), ""),
        artifacts=" ".join(dict.fromkeys(row.artifacts.values())),
    )
    return _with_difference(cell, table)


def _with_difference(cell: CellRecord, table: ResultTable) -> CellRecord:
    """Return the cell with the row's difference to the baseline, if there is one."""
    if sampled := table.sampling.get((cell.row, cell.metric)):
        return replace(
            cell,
            baseline=table.comparison.baseline or "",
            difference=sampled.mean,
            difference_half_width=sampled.half_width,
            test="noise of sampling only",
        )
    tested = table.comparison.against_baseline(cell.row, cell.metric)
    if tested is None:
        return cell
    own = tested.difference
    return replace(
        cell,
        baseline=tested.other,
        difference=own.mean,
        difference_half_width=own.half_width,
        effect=own.effect,
        p=own.p,
        p_holm=tested.p_holm,
        test=own.test,
    )


def _beside_published(
    cell: CellRecord, table: ResultTable, row: Row, metric: Metric, only: int | None
) -> Iterator[CellRecord]:
    for place, (source, beside) in enumerate(zip(table.published, row.published, strict=False)):
        figure = beside.figures.get(metric.in_paper) if beside else None
        if beside is None or figure is None or only not in (None, place):
            continue
        verdict = row.verdicts[place].get(metric.key) if row.verdicts else None
        yield replace(
            cell,
            published_table=source.table,
            published_dataset=source.dataset or "",
            published_system=beside.system,
            published=figure.mean,
            published_half_width=figure.half_width,
            verdict=verdict.word if verdict else "",
            verdict_reason=verdict.why if verdict else "",
        )
