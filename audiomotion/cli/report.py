"""`amx report`: a launch as one HTML page, to look at and to pass on."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.options import (
    DEFAULT_STORE,
    DataRootOption,
    ExecutorName,
    ExecutorOption,
    StoreOption,
    axis_names,
)
from audiomotion.config.nearest import not_one_of
from audiomotion.errors import ClusterError, ConfigError
from audiomotion.files import full_disk_explained
from audiomotion.orchestrate.choosing import find_run
from audiomotion.orchestrate.records import RunFolder, RunRecord, all_runs
from audiomotion.orchestrate.store import ArtifactStore, open_store

if TYPE_CHECKING:
    from audiomotion.report.page.sections import Section

_ENDED = ("done", "failed")
"""What a launch can be reported in: one that broke off has no verdicts yet."""


def report(
    axis: Annotated[
        str,
        typer.Argument(
            metavar="AXIS",
            help="Axis (several joined by +), experiment, or id of a launch.",
            autocompletion=axis_names,
        ),
    ],
    run: Annotated[
        str | None, typer.Option("--run", help="Id of a launch, or its beginning.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Data set, where there are launches on several.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write; AXIS-DATASET.html where not given."),
    ] = None,
    speaker_probe: Annotated[
        bool,
        typer.Option("--speaker-probe", help="Whether the conditions still tell who spoke."),
    ] = False,
    store: StoreOption = DEFAULT_STORE,
    data_root: DataRootOption = None,
    executor: ExecutorOption = ExecutorName.ray,
) -> None:
    """Write a launch as one HTML page: table, plots, motions to watch, speech to hear.

    The newest finished launch of the axis. The page needs no network; it is in MLflow too.
    """
    place = open_store(store)
    record = choose(list(all_runs(place)), axis, run, dataset)
    errors.say(f"launch {record.id}, {record.status} {record.updated or record.created}")
    path = output or Path(f"{record.title}-{record.dataset}.html")
    if path.is_dir():
        raise ConfigError(f"-o {path}: is a folder; give the name of a file")
    from audiomotion.report.page.page import write_report
    from audiomotion.report.tables import table_of

    with full_disk_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    cards = _speakers(record, place, data_root, executor) if speaker_probe else []
    write_report(record, place, table_of(place, record), path, cards)
    errors.say(f"{path.stat().st_size / 1e6:.1f} MB, one file that needs no other")
    _log(record, place, path)
    typer.echo(path)


def _speakers(
    record: RunRecord, store: ArtifactStore, data_root: Path | None, executor: ExecutorName
) -> "list[Section]":
    """Return the section of the speaker probe, made where it is missing."""
    from audiomotion.cli.run_probe import probed_speakers
    from audiomotion.config.speaker_probe import SpeakerProbeConfig
    from audiomotion.report.page.results import sheet_section
    from audiomotion.report.speaker import speaker_sheet

    found = probed_speakers(record, store, SpeakerProbeConfig(), data_root, executor)
    return [sheet_section("speakers", "Who spoke", speaker_sheet(found))]


def choose(
    records: Sequence[RunRecord], axis: str, run: str | None, dataset: str | None
) -> RunRecord:
    """Return the newest launch that fits and has ended; `records` are the newest first.

    Raises:
        ConfigError: None fits, or `run` is the beginning of several.
    """
    if not records:
        raise ConfigError(f"{axis!r}: there are no launches here; see --store")
    found = [record for record in records if axis in (record.title, record.id)]
    if not found:
        names = list(dict.fromkeys(record.title for record in records))
        ids = [record.id for record in records]
        what = "the launches " if axis.startswith(tuple(f"{name}-" for name in names)) else ""
        known = ids if what else names
        raise ConfigError(not_one_of(axis, known, what=what or "what was launched here: "))
    if run is not None:
        found = [find_run(run, found)]
    if dataset is not None:
        found = _on(found, dataset)
    ended = [record for record in found if record.status in _ENDED]
    if not ended:
        raise ConfigError(
            f"{found[0].id} is {found[0].status}: a report is of a launch that ended; "
            "`amx runs list` shows them"
        )
    return ended[0]


def _on(records: Sequence[RunRecord], dataset: str) -> list[RunRecord]:
    found = [record for record in records if record.dataset == dataset]
    if not found:
        known = list(dict.fromkeys(record.dataset for record in records))
        raise ConfigError(f"--dataset: {not_one_of(dataset, known, what='its data sets ')}")
    return found


def _log(record: RunRecord, store: ArtifactStore, path: Path) -> None:
    """Put the page into the launch's run; where that is not possible say so, and go on."""
    from audiomotion.track.links import REPORT_PAGE
    from audiomotion.track.tracker import Tracker, tracked_uri

    folder = RunFolder(store, record.id).path
    if (uri := tracked_uri(folder)) is None:
        errors.say("the launch was not tracked from here: the page is in the file alone")
        return
    try:
        with TemporaryDirectory() as place:
            copy = shutil.copy(path, Path(place) / REPORT_PAGE)
            Tracker(uri, store.root, folder).log_file("", Path(copy))
    except ClusterError as error:
        errors.say(f"the page is not in MLflow: {error}")
