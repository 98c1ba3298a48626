"""`amx runs probe`: whether the conditions of a launch's arms still tell who spoke."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from audiomotion.cli.console import errors, results
from audiomotion.cli.options import (
    DEFAULT_STORE,
    DataRootOption,
    ExecutorName,
    ExecutorOption,
    JsonOption,
    StoreOption,
)
from audiomotion.cli.preparing import prepare
from audiomotion.config.runtime import Runtime
from audiomotion.config.speaker_probe import SpeakerProbeConfig
from audiomotion.orchestrate.choosing import find_run
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.records import RunRecord, all_runs
from audiomotion.orchestrate.speaker_probes import make_probes, speaker_probes
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.report.render.terminal import print_sheet
from audiomotion.report.speaker import SpeakerTable, speaker_json, speaker_sheet, speaker_table

SplitOption = Annotated[
    Literal["train", "val", "test"],
    typer.Option("--split", help="Clips whose instructions are probed."),
]


def probe(
    run: Annotated[str, typer.Argument(help="Id of a launch, or its beginning.")],
    split: SplitOption = "train",
    store: StoreOption = DEFAULT_STORE,
    data_root: DataRootOption = None,
    executor: ExecutorOption = ExecutorName.ray,
    as_json: JsonOption = False,
) -> None:
    """Ask a linear probe who spoke, from each arm's condition; no probe is made twice."""
    place = open_store(store)
    record = find_run(run, list(all_runs(place)))
    table = probed_speakers(record, place, SpeakerProbeConfig(split=split), data_root, executor)
    if as_json:
        typer.echo(speaker_json(table))
    else:
        print_sheet(speaker_sheet(table), results())


def probed_speakers(
    record: RunRecord,
    store: ArtifactStore,
    config: SpeakerProbeConfig,
    data_root: Path | None,
    executor: ExecutorName,
    runtime: Runtime | None = None,
) -> SpeakerTable:
    """Make the probes of a launch that are missing; return what all of them found, by arm and seed.

    Raises:
        AudiomotionError: There is nothing to probe, or a probe failed.
    """

    def run(plan: Plan) -> None:
        prepare(plan, store, data_root, executor, runtime or Runtime())

    probes = speaker_probes(record, config)
    for arm, reason in probes.left_out.items():
        errors.say(f"{arm} is not probed: {reason}")
    return speaker_table(make_probes(probes, store, run), store.artifact_root)
