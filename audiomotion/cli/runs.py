"""`amx runs`: launches and their verdicts."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from audiomotion.cli.console import errors, results
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from audiomotion.cli.tune_view import print_record
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.choosing import find_run
from audiomotion.orchestrate.records import ArmRecord, RunFolder, RunRecord, all_runs
from audiomotion.orchestrate.store import open_store
from audiomotion.report.cells import cell_records
from audiomotion.report.render.forms import Form, written
from audiomotion.report.render.sheet import sheet_of
from audiomotion.report.render.terminal import print_sheet
from audiomotion.report.render.tidy import as_json as table_json
from audiomotion.report.tables import table_of
from audiomotion.tune.record import load_record
from audiomotion.tune.tested import final_record

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_runs(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """List launches, the newest first."""
    records = list(all_runs(open_store(store)))
    if as_json:
        typer.echo(json.dumps([asdict(record) for record in records], indent=1, ensure_ascii=False))
        return
    for record in records:
        done = sum(arm.status == "done" for arm in record.arms)
        when = record.updated or record.created
        what = "search" if record.kind == "tune" else f"{done}/{len(record.arms)} arms"
        typer.echo(f"{record.id}  {record.status}  {what}  {when}")
    if not records:
        typer.echo(f"no launches in {store}")


@app.command("show")
def show(
    run: Annotated[str, typer.Argument(help="Id of a launch, or its beginning.")],
    form: Annotated[
        Form, typer.Option("--format", help="How to write the table; all but terminal: it alone.")
    ] = Form.terminal,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show a launch: its table, and the artifacts behind it."""
    artifacts = open_store(store)
    record = find_run(run, list(all_runs(artifacts)))
    if record.kind == "tune":
        search = load_record(RunFolder(artifacts, record.id).path)
        test = final_record(artifacts, search)
        print_record(search, None if test is None else table_of(artifacts, test), as_json=as_json)
        return
    table = table_of(artifacts, record)
    if as_json:
        content = {"run": asdict(record), "table": json.loads(table_json(table))}
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    if form is not Form.terminal:
        cells = cell_records(table)
        label = f"tab:{record.title}"
        typer.echo(written(form, sheet_of(table), cells, title=record.id, label=label), nl=False)
        return
    print_sheet(sheet_of(table), results())
    for arm in record.arms:
        typer.echo(f"{arm.arm} seed {arm.seed}: {arm.status} {arm.reason}".rstrip())
        for stage, fingerprint in arm.fingerprints.items():
            typer.echo(f"  {stage:<11} {fingerprint[:16]}")


@app.command("motions")
def motions(
    run: Annotated[str, typer.Argument(help="Id of a launch, or its beginning.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
    arm: Annotated[str | None, typer.Option("--arm", help="One of several arms.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="One of several seeds.")] = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write the motions that a system was measured by, as `amx evaluate --motions` takes them."""
    from audiomotion.orchestrate.exporting import write_motions

    artifacts = open_store(store)
    record = find_run(run, list(all_runs(artifacts)))
    chosen = _find_arm(record, arm, seed)
    errors.say(f"generating the motions of {chosen.arm}, seed {chosen.seed}, as it was measured")
    if not write_motions(chosen, record.id, artifacts, output):
        errors.say("other figures than those recorded: this machine rounds differently")
    typer.echo(output)


def _find_arm(record: RunRecord, name: str | None, seed: int | None) -> ArmRecord:
    arms = [arm for arm in record.arms if name in (None, arm.arm) and seed in (None, arm.seed)]
    if len(arms) == 1 and "evaluation" in arms[0].fingerprints:
        return arms[0]
    listed = ", ".join(f"--arm {arm.arm} --seed {arm.seed}" for arm in record.arms)
    raise ConfigError(f"{record.id} has {listed}; choose one that was trained here")
