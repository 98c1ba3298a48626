"""`amx table`: a table of the paper, with what was measured beside each of its rows."""

from pathlib import Path
from typing import Annotated

import typer

from audiomotion.cli.console import errors, results
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, StoreOption, experiment_names
from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, write_atomic
from audiomotion.orchestrate.choosing import find_run
from audiomotion.orchestrate.records import all_runs
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.report.paper.choosing import paper_table
from audiomotion.report.paper.sheet import paper_sheet
from audiomotion.report.paper.table import PaperTable
from audiomotion.report.render.forms import Form, written
from audiomotion.report.render.terminal import print_sheet


def table(
    number: Annotated[int, typer.Argument(help="Number of the table: 2 to 6.")],
    form: Annotated[Form, typer.Option("--format", help="How to write it.")] = Form.terminal,
    run: Annotated[
        list[str] | None,
        typer.Option("--run", help="Launch to take, or the beginning of its id; may be repeated."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", help="Only launches on this data set.", autocompletion=experiment_names
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write instead of stdout.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Measure every figure again, and compare.")
    ] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show a table of the paper, filled from the newest finished launches of its axis."""
    place = open_store(store)
    records = list(all_runs(place))
    found = paper_table(number, place, [find_run(name, records) for name in run or ()], dataset)
    _say_launches(found)
    if verify:
        _verify(found, place)
    _print(found, Form.json if as_json else form, output)


def _say_launches(found: PaperTable) -> None:
    measured = [block.measured.run for block in found.blocks if block.measured]
    for run in measured:
        errors.say(f"from launch {run.id}, finished {run.updated or run.created}")
    if found.speeds is not None:
        errors.say(f"from benchmark {found.speeds.name}")
    if not measured:
        what = "nothing" if found.speeds is None else "no motion"
        errors.say(
            f"{what} measured: no finished launch of {found.layout.axis}; "
            f"`amx ablate {found.layout.axis}` makes one (see also --store)"
        )


def _verify(found: PaperTable, store: ArtifactStore) -> None:
    """Measure every figure again.

    Raises:
        DataError: Some came out otherwise, or cannot be measured again.
    """
    from audiomotion.report.verifying import verify_table

    for block in found.blocks:
        if block.measured is None:
            continue
        run, own = block.measured.run, block.measured.table
        differing = verify_table(own, run, store, errors.say)
        if differing:
            listed = "\n".join(f"{run.id}: {one.sentence()}" for one in differing)
            raise DataError(listed)
        errors.say(f"{run.id}: every cell came out again, to the last digit")


def _print(found: PaperTable, form: Form, output: Path | None) -> None:
    sheet = paper_sheet(found)
    if form is Form.terminal and output is None:
        print_sheet(sheet, results())
        return
    title, label = sheet.grids[0].title, f"tab:{found.layout.axis}"
    text = written(form, sheet, found.cells(), title=title, label=label)
    if output is None:
        typer.echo(text, nl=False)
        return
    with full_disk_explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(output, lambda stream: stream.write(text.encode()))
    typer.echo(output)
