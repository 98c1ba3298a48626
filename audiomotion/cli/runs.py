"""`amx runs`: launches and their verdicts."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from audiomotion.cli.console import errors, results
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from audiomotion.config.nearest import not_one_of
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.records import ArmRecord, RunRecord, all_runs
from audiomotion.orchestrate.results import fetch_results
from audiomotion.orchestrate.store import open_store
from audiomotion.report.outside import table_of
from audiomotion.report.render import as_json as table_json
from audiomotion.report.render import print_table

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
        typer.echo(f"{record.id}  {record.status}  {done}/{len(record.arms)} arms  {when}")
    if not records:
        typer.echo(f"no launches in {store}")


@app.command("show")
def show(
    run: Annotated[str, typer.Argument(help="Id of a launch, or its beginning.")],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show a launch: its table, and the artifacts behind it."""
    artifacts = open_store(store)
    record = find_run(run, list(all_runs(artifacts)))
    fetch_results(artifacts, record, drawn=False)
    table = table_of(record, artifacts.artifact_root)
    if as_json:
        content = {"run": asdict(record), "table": json.loads(table_json(table))}
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    print_table(table, results())
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


def find_run(run: str, records: list[RunRecord]) -> RunRecord:
    """Return the launch that an id, or its beginning, names.

    Raises:
        ConfigError: There is none, or several begin so.
    """
    exact = [record for record in records if record.id == run]
    found = exact or [record for record in records if record.id.startswith(run)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(record.id for record in found)
        raise ConfigError(f"{run!r} is the beginning of several launches: {names}; give more of it")
    if not records:
        raise ConfigError(f"{run!r}: there are no launches here; see --store")
    raise ConfigError(not_one_of(run, [record.id for record in records], what="the launches "))
