"""The published figures, shipped with the package: beside the measured ones, never among them."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from audiomotion.report.statistics import Figure

ABLATION_TABLES = (5, 6)
"""Tables whose rows are arms."""


@cache
def _tables() -> dict[str, Any]:
    text = files("audiomotion.report").joinpath("published_figures.yaml").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def published_arms(table: int) -> dict[str, dict[str, Figure]]:
    """Return the figures of each arm of a published table of ablations, by metric.

    Source: tables 5 and 6, which give no intervals.
    """
    rows = _tables()[f"table{table}"]
    return {
        row["arm"]: {
            key: _figure(value) for key, value in row.items() if key not in ("arm", "suspect")
        }
        for row in rows
    }


def suspect_figures(table: int) -> dict[str, list[str]]:
    """Return, by arm, the metrics whose published figure is very likely a slip."""
    return {row["arm"]: row["suspect"] for row in _tables()[f"table{table}"] if "suspect" in row}


def _figure(value: float | list[float]) -> Figure:
    return Figure(*value) if isinstance(value, list) else Figure(value)
