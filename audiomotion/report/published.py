"""The published figures, shipped with the package: beside the measured ones, never among them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from audiomotion.config.axis import AxisConfig, PublishedTable
from audiomotion.config.combinations import split
from audiomotion.config.nearest import not_one_of
from audiomotion.errors import ConfigError
from audiomotion.report.statistics import Figure

_NAMED_BY = {
    2: ("condition", "train"),
    3: ("method",),
    4: ("framework",),
    5: ("arm",),
    6: ("arm",),
}
"""Keys whose values, joined by `-`, name a row of each table."""

_SYSTEMS = {"ours": "the paper's own"}


@dataclass(frozen=True)
class PublishedRow:
    """One row of a published table."""

    name: str
    """Unique in its table; mostly that of the arm it belongs to."""

    system: str
    """What was measured."""

    figures: Mapping[str, Figure]
    """By metric; what the paper leaves out is not in it."""

    suspect: tuple[str, ...] = ()
    """Metrics whose figure is very likely a slip."""


@dataclass(frozen=True)
class PublishedFigures:
    """A published table that stands beside a launch."""

    table: int
    dataset: str | None
    """None where the paper does not say which."""
    variant: str
    """Captions tested on."""

    rows: Mapping[str, PublishedRow]
    """Rows by the launch's arm that each is the paper's answer to."""

    others: Sequence[PublishedRow]
    """Rows without such an arm that stand in the table too."""

    @property
    def place(self) -> str:
        """Where the figures are from, in a few words."""
        return f"table {self.table}" + (f", {self.dataset}" if self.dataset else "")


def published_rows(table: int, dataset: str | None) -> dict[str, PublishedRow]:
    """Return the rows of a published table by name; of one data set where it has several.

    Intervals are as published; the ablations (5, 6) and the speeds (4) have none.
    """
    found = (_row(table, row) for row in _on(_tables()[f"table{table}"], dataset))
    return {row.name: row for row in found}


def published_beside(
    axis: Mapping[str, Any], dataset: str, arms: Sequence[str]
) -> list[PublishedFigures]:
    """Return the published tables of a launch's axes, each with its rows by arm.

    Args:
        axis: What the launch's record says of its axes.
        dataset: The launch's data set.
        arms: Names of its arms. Of several axes, an arm has a row in the table of one axis where
            it is at the baseline of all others, as the paper's systems are.
    """
    axes: Sequence[Mapping[str, Any]] = axis.get("axes", ())
    baselines = [one["baseline"] for one in axes]
    found: dict[tuple[int, str | None], PublishedFigures] = {}
    for place, one in enumerate(axes):
        if one["published"] is not None:
            own = {arm: split(arm)[place] for arm in arms if _is_only(place, arm, baselines)}
            beside = _beside(PublishedTable.model_validate(one["published"]), dataset, own)
            key = beside.table, beside.dataset
            found[key] = _both(found[key], beside) if key in found else beside
    return list(found.values())


def refuse_unknown_rows(axis: AxisConfig) -> None:
    """Refuse an axis whose arms ask for rows that its published table has not.

    Raises:
        ConfigError: Every such row.
    """
    if axis.published is None:
        return
    known = list(published_rows(axis.published.table, axis.published.dataset))
    problems = [
        f"axis {axis.name} published.rows.{arm}: "
        + not_one_of(row, known, what=f"the rows of table {axis.published.table} ")
        for arm, row in axis.published.rows.items()
        if row not in known
    ]
    if problems:
        raise ConfigError(problems)


def _is_only(place: int, arm: str, baselines: Sequence[str]) -> bool:
    """Return whether an arm of several axes is at the baseline of all but the one at `place`."""
    pairs = enumerate(zip(split(arm), baselines, strict=True))
    return all(own == baseline for number, (own, baseline) in pairs if number != place)


def _beside(source: PublishedTable, dataset: str, arms: Mapping[str, str]) -> PublishedFigures:
    """Return a published table for `arms`: the launch's name of each, and the axis's."""
    table = _tables()[f"table{source.table}"]
    used = dataset if isinstance(table, dict) and dataset in table else source.dataset
    known = published_rows(source.table, used)
    names = {arm: source.rows.get(own, own) for arm, own in arms.items()}
    rows = {arm: known[name] for arm, name in names.items() if name in known}
    others = _without(known.values(), rows) if source.others else []
    return PublishedFigures(source.table, used, source.variant, rows, others)


def _both(first: PublishedFigures, second: PublishedFigures) -> PublishedFigures:
    """Return one table that stands beside two axes."""
    rows = {**first.rows, **second.rows}
    others = {row.name: row for row in (*first.others, *second.others)}
    return replace(first, rows=rows, others=_without(others.values(), rows))


def _without(
    rows: Iterable[PublishedRow], of_arms: Mapping[str, PublishedRow]
) -> list[PublishedRow]:
    taken = {row.name for row in of_arms.values()}
    return [row for row in rows if row.name not in taken]


@cache
def _tables() -> dict[str, Any]:
    text = files("audiomotion.report").joinpath("published_figures.yaml").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def _on(table: Any, dataset: str | None) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a table, those of one data set where it tells several apart."""
    rows: Sequence[Mapping[str, Any]] = table[dataset] if isinstance(table, dict) else table
    return rows


def _row(table: int, row: Mapping[str, Any]) -> PublishedRow:
    name = "-".join(row[key] for key in _NAMED_BY[table])
    system = str(row.get("method", name))
    figures = {key: _figure(value) for key, value in row.items() if _is_figure(value)}
    return PublishedRow(name, _SYSTEMS.get(system, system), figures, tuple(row.get("suspect", ())))


def _is_figure(value: Any) -> bool:
    """Return whether a cell is a number, or one with its interval: not a name, not left out."""
    return isinstance(value, float) or (isinstance(value, list) and isinstance(value[0], float))


def _figure(value: float | list[float]) -> Figure:
    return Figure(*value) if isinstance(value, list) else Figure(value)
