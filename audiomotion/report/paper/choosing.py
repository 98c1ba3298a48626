"""Which launches a table of the paper is filled from: named ones, else the newest finished."""

from collections.abc import Iterable, Sequence

from audiomotion.config.nearest import not_one_of
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.records import RunRecord, all_runs
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.paper.layouts import LAYOUTS, PaperLayout
from audiomotion.report.paper.speeds import TABLE as SPEED_TABLE
from audiomotion.report.paper.speeds import newest_speeds
from audiomotion.report.paper.table import Block, PaperTable, measured_block, published_block
from audiomotion.report.tables import table_of
from audiomotion.report.word_errors import word_errors_of


def paper_table(
    number: int,
    store: ArtifactStore,
    runs: Sequence[RunRecord] = (),
    dataset: str | None = None,
) -> PaperTable:
    """Return a table of the paper with what was measured.

    Args:
        number: Of the table.
        store: Where launches are.
        runs: Launches to take; without any, the newest finished one of the table's axis on each of
            its data sets, or if there is none, on any other.
        dataset: Take launches on this data set only.

    Raises:
        ConfigError: There is no such table, a launch does not answer it, or the data set has none.
    """
    if number not in LAYOUTS:
        raise ConfigError(not_one_of(str(number), list(map(str, LAYOUTS)), what="the tables "))
    layout = LAYOUTS[number]
    named = list({run.id: run for run in runs}.values())
    for run in named:
        _refuse_other(run, layout, dataset)
    chosen = named or _newest(layout, all_runs(store), dataset)
    if dataset is not None and not chosen:
        raise ConfigError(
            f"no finished launch of {layout.axis} on {dataset}: run "
            f"`amx ablate {layout.axis} --dataset {dataset}` first, or see --store"
        )
    blocks = _blocks(layout, store, chosen, dataset)
    if number != SPEED_TABLE:
        return PaperTable(layout, blocks)
    heard = {run.id: word_errors_of(store, run) for run in chosen}
    return PaperTable(layout, blocks, newest_speeds(store), heard)


def answers(run: RunRecord, number: int) -> bool:
    """Return whether a published table stands beside a launch."""
    published = [one["published"] for one in run.axis.get("axes", ())]
    return any(one is not None and one["table"] == number for one in published)


def _refuse_other(run: RunRecord, layout: PaperLayout, dataset: str | None) -> None:
    if dataset not in (None, run.dataset):
        raise ConfigError(f"{run.id} is on {run.dataset}, not on {dataset}; leave --dataset out")
    if not answers(run, layout.number):
        raise ConfigError(
            f"{run.id} does not stand beside table {layout.number}, which is of the axis "
            f"{layout.axis}; see `amx runs list`"
        )


def _newest(layout: PaperLayout, runs: Iterable[RunRecord], dataset: str | None) -> list[RunRecord]:
    """Return the newest finished launch of each of the paper's data sets, else of any."""
    found: dict[str, RunRecord] = {}
    for run in runs:
        own = [one["name"] for one in run.axis.get("axes", ())]
        is_asked = answers(run, layout.number) and dataset in (None, run.dataset)
        if run.status == "done" and own == [layout.axis] and is_asked:
            found.setdefault(run.dataset, run)
    published = [found[name] for name in layout.datasets if name in found]
    return published or list(found.values())[:1]


def _blocks(
    layout: PaperLayout, store: ArtifactStore, runs: Sequence[RunRecord], dataset: str | None
) -> list[Block]:
    measured = [measured_block(layout, run, table_of(store, run)) for run in runs]
    if dataset is not None:
        return measured
    shown = {block.published_dataset for block in measured}
    rest = [published_block(layout, name) for name in layout.datasets if name not in shown]
    return [*measured, *rest]
