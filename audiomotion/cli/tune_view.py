"""A search as it is printed: its best trials, what won, and what the figures rest on."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from audiomotion.cli.console import counted, errors, results
from audiomotion.report.render.sheet import sheet_of
from audiomotion.report.render.terminal import print_sheet
from audiomotion.report.render.tidy import json_content

if TYPE_CHECKING:
    from audiomotion.report.table import ResultTable
    from audiomotion.tune.record import TrialRecord, TuneRecord

_MOST_TRIALS = 15


def print_record(
    record: "TuneRecord", tested: "ResultTable | None" = None, *, as_json: bool
) -> None:
    """Print a search, and under it what its test on the test split gave, if there was one."""
    if as_json:
        test = None if tested is None else json_content(tested)
        content = {**asdict(record), "test": test}
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    results().print(_table(record))
    for line in sentences(record):
        typer.echo(line)
    if tested is not None:
        typer.echo("\nmeasured once on the test split:")
        print_sheet(sheet_of(tested), results())


def _table(record: "TuneRecord") -> Table:
    """Return the trials, the best first; those that did not finish last."""
    title = f"{record.search['name']} on {record.dataset}, {split_label(record)} split"
    names = [goal["name"] for goal in record.objectives]
    paths = list(record.search["parameters"])
    grid = Table("trial", *paths, *names, "status", title=title, header_style="bold")
    shown = sorted(record.trials, key=lambda trial: _rank(record, trial))[:_MOST_TRIALS]
    for trial in shown:
        values = [f"{value:.4g}" for value in trial.values] or [""] * len(names)
        own = [_shown(trial.params.get(path)) for path in paths]
        grid.add_row(str(trial.number), *own, *values, _status(record, trial))
    return grid


def split_label(record: "TuneRecord") -> str:
    """Return the split, and whether it should not have been that."""
    return f"{record.split} (forced: these figures are no test)" * record.forced_test_split or (
        record.split
    )


def _rank(record: "TuneRecord", trial: "TrialRecord") -> tuple[Any, ...]:
    if trial.number in record.front:
        return 0, record.front.index(trial.number)
    signs = [1 if goal["direction"] == "minimize" else -1 for goal in record.objectives]
    costs = [sign * value for sign, value in zip(signs, trial.values, strict=False)]
    place = {"done": 1 if trial.feasible else 2, "pruned": 3, "running": 4, "failed": 5}
    return place[trial.status], costs, trial.number


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _status(record: "TuneRecord", trial: "TrialRecord") -> str:
    marks = ["winner"] * (trial.number == record.winner)
    marks += ["own values"] * (trial.number == record.baseline)
    if len(record.objectives) > 1:
        marks += ["front"] * (trial.number in record.front and trial.number != record.winner)
    return ", ".join([trial.status, *marks]) + (f": {trial.reason}" if trial.reason else "")


def sentences(record: "TuneRecord") -> Iterator[str]:
    """Yield what is to be said of a search below its table."""
    repeats = counted(record.search["repeats"], "repeat")
    ends = [trial.status for trial in record.trials]
    told = ", ".join(f"{ends.count(end)} {end}" for end in dict.fromkeys(sorted(ends)))
    yield (
        f"{counted(len(record.trials), 'trial')} ({told}) of at most {repeats} on the "
        f"{split_label(record)} split, with the same random numbers in every trial"
    )
    if record.winner is None:
        yield "no trial has won: none finished that keeps every constraint"
    else:
        values = record.trial(record.winner).params
        yield "winner: " + ", ".join(f"{path}={_shown(value)}" for path, value in values.items())
    if record.reason:
        yield record.reason
    if any(path.endswith("guidance_scale") for path in record.search["parameters"]):
        yield record.convention


def say_kept(record: "TuneRecord") -> None:
    """Say where a search is kept."""
    errors.say(f"kept as {record.id}: `amx runs show {record.id}`")
