"""`amx runs card`: what each arm of a launch was given."""

from typing import Annotated

import typer

from audiomotion.cli.console import results
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.choosing import find_run
from audiomotion.orchestrate.records import all_runs
from audiomotion.orchestrate.results import fetch_manifests
from audiomotion.orchestrate.store import open_store
from audiomotion.report.fairness.card import fairness_card
from audiomotion.report.fairness.show import card_as_json, card_sheet
from audiomotion.report.render.terminal import print_sheet


def card(
    run: Annotated[str, typer.Argument(help="Id of a launch, or its beginning.")],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show what each arm was given: parameters, operations, steps, time; and what was not alike."""
    artifacts = open_store(store)
    record = find_run(run, list(all_runs(artifacts)))
    if record.kind == "outside":
        raise ConfigError(f"{record.id} is of another system's motions: nothing was trained here")
    fetch_manifests(artifacts, record)
    made = fairness_card(record, artifacts.artifact_root)
    if as_json:
        typer.echo(card_as_json(made))
    else:
        print_sheet(card_sheet(made), results())
