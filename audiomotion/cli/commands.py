"""Which commands there are; each group's file is imported when the command line is built."""

import typer

from audiomotion.cli import (
    artifacts,
    bench,
    configuration,
    data,
    doctor,
    evaluate,
    export,
    generate,
    importing,
    jobs,
    listing,
    report,
    running,
    runs,
    table,
    tune_group,
    ui,
)
from audiomotion.cli.run_card import card
from audiomotion.cli.run_probe import probe


def register(app: typer.Typer) -> None:
    """Add every command to `app`."""
    app.command("train")(running.train)
    app.command("ablate")(running.ablate)
    app.command("evaluate")(evaluate.evaluate)
    app.command("export")(export.export)
    app.command("generate")(generate.generate)
    app.command("table")(table.table)
    app.command("report")(report.report)
    app.command("config")(configuration.config)
    app.command("list")(listing.list_)
    app.command("ui")(ui.ui)
    app.command("doctor")(doctor.doctor)
    app.add_typer(tune_group.app, name="tune")
    runs.app.command("card")(card)
    runs.app.command("probe")(probe)
    app.add_typer(runs.app, name="runs", help="Launches: list, show, motions, card, probe.")
    app.add_typer(jobs.app, name="jobs", help="Jobs of a cluster: list, logs, status, stop.")
    app.add_typer(artifacts.app, name="artifacts", help="Artifacts: list, show, verify, gc, pin.")
    app.add_typer(
        data.app, name="data", help="Data sets: build, check, oral, speak, features, push."
    )
    app.add_typer(bench.app, name="bench", help="Speed: of the data, of orchestration.")
    app.add_typer(importing.app, name="import", help="Published weights: check, import.")
