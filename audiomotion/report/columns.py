"""A result table column by column, for MLflow and JSON."""

from collections.abc import Sequence
from typing import Any

from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY
from audiomotion.report.published import PublishedRow
from audiomotion.report.statistics import Figure
from audiomotion.report.table import ResultTable


def table_columns(table: ResultTable) -> dict[str, list[Any]]:
    """Return the table column by column, for MLflow and JSON; None where nothing was measured."""
    rows = table.all_rows
    columns: dict[str, list[Any]] = {"arm": [row.name for row in rows]}
    for metric in METRICS:
        found = [row.figures.get(metric.key) for row in rows]
        columns[metric.key] = [_value(figure, "mean") for figure in found]
        columns[f"{metric.key}_95"] = [_value(figure, "half_width") for figure in found]
    for place, source in enumerate(table.published):
        beside = [row.published[place] if row.published else None for row in rows]
        columns |= _published_columns(f"paper_table{source.table}", beside)
    columns["weights"] = [row.weights for row in rows]
    columns["failed"] = [row.reason for row in rows]
    return columns


def _published_columns(prefix: str, rows: Sequence[PublishedRow | None]) -> dict[str, list[Any]]:
    """Return what was published beside each row: the system, and the metrics that any has."""
    columns: dict[str, list[Any]] = {f"{prefix}_system": [row and row.system for row in rows]}
    for metric in (*METRICS, *PUBLISHED_ONLY):
        found = [row.figures.get(metric.in_paper) if row else None for row in rows]
        for name, part in ((metric.key, "mean"), (f"{metric.key}_95", "half_width")):
            values = [_value(figure, part) for figure in found]
            if any(value is not None for value in values):
                columns[f"{prefix}_{name}"] = values
    return columns


def _value(figure: Figure | None, name: str) -> float | None:
    return None if figure is None else getattr(figure, name)
