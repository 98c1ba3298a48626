"""`amx import`: published weights, checked and put into the store."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from audiomotion.cli.console import counted
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from audiomotion.config.checkpoints import CheckpointKind, DatasetName
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.importing import (
    Importable,
    ImportedCheckpoint,
    import_checkpoint,
)
from audiomotion.orchestrate.store import open_store

app = typer.Typer(no_args_is_help=True)

_USE: Final[dict[CheckpointKind, str]] = {
    "rvq": "rvq: official",
    "masked": "masked: official, with rvq: official and condition: text",
    "residual": "residual: official, with rvq: official and condition: text",
    "length": "length: official, with condition: text",
    "evaluator": "evaluator: official, with the word vectors",
    "word-vectors": "evaluator: {word_vectors: glove}",
    "imagebind-audio": "extractor: {name: imagebind, weights: official}",
}
"""What to write into a recipe or an arm; `--set rvq=official` works too."""


class MomaskPart(StrEnum):
    """Networks of MoMask."""

    rvq = "rvq"
    masked = "masked"
    residual = "residual"
    length = "length"


class PublishedDataset(StrEnum):
    """Data sets that published networks were trained on."""

    humanml3d = "humanml3d"
    kit = "kit"


CheckpointOption = Annotated[
    Path,
    typer.Option("--checkpoint", help="The published folder, or the checkpoint file in it."),
]
MetaOption = Annotated[
    Path | None,
    typer.Option("--meta", help="Folder of mean.npy and std.npy, where they lie elsewhere."),
]
PublishedDatasetOption = Annotated[
    PublishedDataset | None,
    typer.Option("--dataset", help="Data set it was trained on, where its tensors do not tell."),
]


@app.command("momask")
def momask(
    checkpoint: CheckpointOption,
    what: Annotated[MomaskPart, typer.Option("--what", help="Network to import.")],
    dataset: PublishedDatasetOption = None,
    meta: MetaOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Import a network of MoMask's release."""
    from audiomotion.orchestrate.official import importable_part

    if meta is not None and what is not MomaskPart.rvq:
        raise ConfigError(f"--meta is for rvq alone: the {what.value} network reads no motion")
    part = importable_part(checkpoint, what.value, _trained_on(dataset), meta)
    _import(store, [part], as_json)


@app.command("t2m-evaluator")
def t2m_evaluator(
    checkpoint: CheckpointOption,
    dataset: PublishedDatasetOption = None,
    meta: MetaOption = None,
    glove: Annotated[
        Path | None, typer.Option("--glove", help="Folder of its word vectors, imported too.")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Import the evaluator that published figures are measured with (text_mot_match)."""
    from audiomotion.orchestrate.official import importable_part, importable_word_vectors

    found = [importable_part(checkpoint, "evaluator", _trained_on(dataset), meta)]
    if glove is not None:
        found.append(importable_word_vectors(glove))
    _import(store, found, as_json)


@app.command("glove")
def glove(
    folder: Annotated[
        Path, typer.Option("--folder", help="Folder of our_vab_data.npy and its two companions.")
    ],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Import the word vectors that the published evaluator reads captions with."""
    from audiomotion.orchestrate.official import importable_word_vectors

    _import(store, [importable_word_vectors(folder)], as_json)


@app.command("imagebind-audio")
def imagebind_audio(
    checkpoint: Annotated[
        Path, typer.Option("--checkpoint", help="imagebind_huge.pth, or its folder.")
    ],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Import ImageBind's audio branch (CC BY-NC-SA 4.0: no commercial use)."""
    from audiomotion.orchestrate.official import importable_imagebind

    _import(store, [importable_imagebind(checkpoint)], as_json)


def _trained_on(dataset: PublishedDataset | None) -> DatasetName | None:
    return dataset.value if dataset else None


def _import(location: str, found: list[Importable], as_json: bool) -> None:
    store = open_store(location)
    done = [import_checkpoint(store, importable) for importable in found]
    if as_json:
        rows = [_as_json(imported, is_new) for imported, is_new in done]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for imported, is_new in done:
        for line in _lines(imported, is_new):
            typer.echo(line)


def _as_json(imported: ImportedCheckpoint, is_new: bool) -> dict[str, Any]:
    return {
        **imported.record,
        "fingerprint": imported.artifact.fingerprint,
        "folder": str(imported.artifact.folder),
        "new": is_new,
        "use": _USE[imported.config.what],
    }


def _lines(imported: ImportedCheckpoint, is_new: bool) -> list[str]:
    config, record = imported.config, imported.record
    of = f" of {config.dataset}" if config.dataset else ""
    state = "" if is_new else " (was there already: nothing was written)"
    return [
        f"{config.what}{of}, from {_files(record)}",
        *_found(record),
        f"  licence     {record['licence']}",
        f"  artifact    checkpoint {imported.artifact.fingerprint[:16]}{state}",
        f"  use         {_USE[config.what]}",
    ]


def _found(record: dict[str, Any]) -> list[str]:
    """Return what the files held."""
    lines = []
    if "num_tensors" in record:
        passed = record["passed_over"]
        others = f"; {counted(passed, 'other')} left out" if passed else ""
        count = f"{record['num_tensors']}, {record['num_parameters']:,} numbers"
        lines.append(f"  tensors     {count}{others}")
    sizes = ", ".join(f"{name} {value}" for name, value in record["sizes"].items())
    lines.append(f"  sizes       {sizes}")
    if record.get("statistics"):
        lines.append(f"  statistics  mean and std as published, from {record['statistics']}")
    return lines


def _files(record: dict[str, Any]) -> str:
    source = record["source"]
    return ", ".join(item["file"] for item in (source if isinstance(source, list) else [source]))
