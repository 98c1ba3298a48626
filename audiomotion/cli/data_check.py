"""`amx data check`: what is there of a data set, what is missing, what is damaged."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from audiomotion.cli.options import DataRootOption, JsonOption, SetOption, experiment_names
from audiomotion.config.datasets import FolderSchema
from audiomotion.config.resolve import resolve
from audiomotion.data.folder_check import dataset_folder
from audiomotion.errors import DataError

if TYPE_CHECKING:
    from audiomotion.data.inspection import Inspection

_MOST_SHOWN = 20

DatasetName = Annotated[
    str,
    typer.Option("--dataset", help="Experiment whose data it is.", autocompletion=experiment_names),
]
FullOption = Annotated[
    bool, typer.Option("--full", help="Look at every value and every recording, not a sample.")
]


def check(
    dataset: DatasetName,
    data_root: DataRootOption = None,
    full: FullOption = False,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look a data set over; exit code 3 where something is missing or damaged."""
    config = resolve(dataset, sets=sets or ()).pop().experiment.dataset
    if not isinstance(config, FolderSchema):
        typer.echo(f"{dataset}: nothing is missing; its data is made from a seed")
        return
    dataset_folder(config, data_root)  # without a data root there is nothing to look at
    from audiomotion.data.inspection import inspect_folder
    from audiomotion.speech.audio_file import read_audio

    found = inspect_folder(config, data_root, full=full, hear=read_audio if full else None)
    if as_json:
        typer.echo(json.dumps(found.record(), indent=1, ensure_ascii=False))
    else:
        for line in _lines(found):
            typer.echo(line)
    if found.problems:
        shown = found.problems[:_MOST_SHOWN]
        rest = len(found.problems) - len(shown)
        sentences = [finding.sentence() for finding in shown]
        more = f"and {rest:,} more; --json names all of them"
        raise DataError("\n".join(sentences + ([more] if rest else [])))


def _lines(found: "Inspection") -> Sequence[str]:
    """Say what is there."""
    files = ", ".join(f"{part} {count:,}" for part, count in found.num_files.items() if count)
    names = ", ".join(f"{split} {count:,}" for split, count in found.num_names.items())
    lines = [f"{found.folder}: {files or 'nothing that can be looked at'}"]
    if found.num_names:
        lines += [
            f"split lists: {names}",
            *(row.sentence() for row in found.comparisons),
            f"outside of the length limits: {found.num_outside_lengths:,} clips; captions of a "
            f"part of a clip: {found.num_parts:,}",
            f"values looked at: {found.num_read:,} clips",
            *(f"{o.what}: {o.source}; licence: {o.licence}" for o in found.origins),
        ]
    lines += [f"note: {finding.sentence()}" for finding in found.notices]
    problems = len(found.problems)
    kinds = Counter(finding.where.partition("/")[0] for finding in found.problems)
    return [*lines, f"{problems:,} problems in {len(kinds):,} places" if problems else "all well"]
