"""A table's cells as CSV and as JSON: every figure with all that is known of it."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from audiomotion.report.cells import CELL_FIELDS, CellRecord, cell_records
from audiomotion.report.columns import table_columns
from audiomotion.report.render.sheet import warnings_of
from audiomotion.report.table import ResultTable


def as_csv(cells: Iterable[CellRecord]) -> str:
    """Return one line a cell, under the names of its fields; empty where there is nothing."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, CELL_FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(cell) for cell in cells)
    return stream.getvalue()


def as_json(table: ResultTable) -> str:
    """Return the table as JSON: columns, cells, what was published, and the notes."""
    return json.dumps(json_content(table), indent=1, ensure_ascii=False)


def json_content(table: ResultTable) -> dict[str, Any]:
    """Return what `as_json` prints."""
    return {
        "title": table.title,
        "dataset": table.dataset,
        "published": [
            {"table": source.table, "dataset": source.dataset, "variant": source.variant}
            for source in table.published
        ],
        "columns": table_columns(table),
        "cells": json_cells(cell_records(table)),
        "warnings": warnings_of(table),
        "notes": list(table.notes),
    }


def json_cells(cells: Iterable[CellRecord]) -> Sequence[dict[str, Any]]:
    """Return cells without the fields that hold nothing."""
    return [
        {name: value for name, value in asdict(cell).items() if value not in (None, "")}
        for cell in cells
    ]
