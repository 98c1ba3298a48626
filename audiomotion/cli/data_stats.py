"""`amx data stats`: how long clips, captions, speech and features are, in figures and pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.data_check import DatasetName
from audiomotion.cli.options import (
    DEFAULT_STORE,
    DataRootOption,
    JsonOption,
    RecipesOption,
    SetOption,
    StoreOption,
)
from audiomotion.config.resolve import resolve

if TYPE_CHECKING:
    from audiomotion.config.experiment import Experiment
    from audiomotion.data.dataset import ClipRecord
    from audiomotion.orchestrate.store import ArtifactStore

OutputOption = Annotated[
    Path, typer.Option("-o", "--output", help="Folder for stats.json and the PNG files.")
]


def stats(
    dataset: DatasetName,
    output: OutputOption = Path("amx-stats"),
    data_root: DataRootOption = None,
    store: StoreOption = DEFAULT_STORE,
    sets: SetOption = None,
    recipes: RecipesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw how long clips, captions, speech and audio features are (figure 2 of the paper)."""
    from audiomotion.files import full_disk_explained, write_json
    from audiomotion.orchestrate.contents import with_weights
    from audiomotion.orchestrate.raw_data import with_data
    from audiomotion.orchestrate.store import open_store
    from audiomotion.report.length_plots import draw_lengths
    from audiomotion.report.lengths import measure_lengths

    (arm,) = resolve(dataset, sets=sets or (), recipes_dir=recipes)
    place = open_store(store)
    cache = place.cache if place.root.exists() else None
    experiment = with_weights(with_data(arm.experiment, place, data_root, cache), cache)
    lengths = measure_lengths(experiment, place, *_clips(experiment, place, data_root))
    with full_disk_explained(output):
        output.mkdir(parents=True, exist_ok=True)
        write_json(output / "stats.json", lengths.record())
        drawn = draw_lengths(lengths, output)
    for missing in lengths.missing:
        errors.say(f"left out: {missing}")
    if as_json:
        typer.echo(json.dumps(lengths.record(), indent=1))
        return
    for path in (output / "stats.json", *drawn):
        typer.echo(path)


def _clips(
    experiment: "Experiment", store: "ArtifactStore", data_root: Path | None
) -> "tuple[list[ClipRecord], float]":
    """Return the clips of the stored data set, or else of its files, and their frame rate."""
    from audiomotion.data.dataset import ClipRecord, MotionDataset, read_dataset
    from audiomotion.report.lengths import dataset_stage

    stage = dataset_stage(experiment)
    if store.find(stage) is not None:
        data = MotionDataset(store.fetch(stage))
        return data.clips, data.skeleton.fps
    errors.say("the data set is not in the store: its files are read")
    raw = read_dataset(experiment.dataset, data_root, lambda done, total: None)
    clips = [
        ClipRecord(index, clip.name, clip.split, len(clip.features), clip.captions, clip.group)
        for index, clip in enumerate(raw.clips)
    ]
    return clips, raw.skeleton.fps
