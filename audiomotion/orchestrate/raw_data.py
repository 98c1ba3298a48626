"""Raw data sets that were pushed into the store, for machines that lack their folder."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from audiomotion.config.datasets import FolderSchema
from audiomotion.config.experiment import Experiment
from audiomotion.data.fingerprint import fingerprint_folder, read_files
from audiomotion.data.folder_check import check_folder, dataset_folder
from audiomotion.data.source import with_content
from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, read_json, write_json
from audiomotion.orchestrate.records import timestamp
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage


@dataclass(frozen=True)
class Pushed:
    """A data set in the store."""

    content: str
    """Fingerprint of its files."""
    num_files: int
    num_bytes: int
    is_new: bool
    """Whether this call has put it there."""


def push_data(
    store: ArtifactStore, dataset: FolderSchema, data_root: Path | None, *, again: bool = False
) -> Pushed:
    """Put a data set's files into the store, unless it has them; remember it under its name.

    Raises:
        ConfigError: No data root was given.
        DataError: Files are missing, or the store refuses.
    """
    folder = dataset_folder(dataset, data_root)
    if problems := check_folder(dataset, data_root):
        raise DataError("\n".join(problems))
    files = read_files(folder)
    content = fingerprint_folder(folder, store.cache / "data" / f"{dataset.name}.json")
    is_new = again or not store.has_raw(content)
    if is_new:
        store.put_raw(content, folder, files)
    names = store.root / "datasets"
    with full_disk_explained(names):
        names.mkdir(parents=True, exist_ok=True)
    write_json(names / _name(dataset), {"content": content, "pushed": timestamp()})
    store.push(names)
    return Pushed(content, len(files), sum(path.stat().st_size for path in files), is_new)


def with_data(
    experiment: Experiment, store: ArtifactStore, data_root: Path | None, cache: Path | None
) -> Experiment:
    """Return the experiment with the fingerprint of its raw files, here or as they were pushed."""
    dataset = experiment.dataset
    if isinstance(dataset, FolderSchema) and check_folder(dataset, data_root):
        content = _pushed_content(store, dataset)
        if content is not None:
            filled = dataset.model_copy(update={"content": content})
            return experiment.model_copy(update={"dataset": filled})
    return with_content(experiment, data_root, cache)


def data_root_of(stage: AnyStage, store: ArtifactStore, data_root: Path | None) -> Path | None:
    """Return the data root for a stage: the pushed data where this machine lacks its folder.

    Raises:
        DataError: The folder here holds other data than the plan was made for, and that was not
            pushed.
    """
    dataset = stage.config
    if not isinstance(dataset, FolderSchema) or dataset.content is None:
        return data_root
    is_here = not check_folder(dataset, data_root)
    if is_here and _digest(store, dataset, data_root) == dataset.content:
        return data_root
    pushed = store.raw(dataset.content)
    if pushed is not None:
        return _root_over(pushed, dataset)
    if is_here:
        raise DataError(
            f"{dataset_folder(dataset, data_root)} holds other data than this launch was planned "
            f"for; `amx data push --dataset {dataset.name}` where that is, or copy it here"
        )
    return data_root


def _digest(store: ArtifactStore, dataset: FolderSchema, data_root: Path | None) -> str:
    record = store.cache / "data" / f"{dataset.name}.json"
    return fingerprint_folder(dataset_folder(dataset, data_root), record)


def _pushed_content(store: ArtifactStore, dataset: FolderSchema) -> str | None:
    folder = store.root / "datasets"
    store.pull(folder)
    path = folder / _name(dataset)
    return str(read_json(path)["content"]) if path.exists() else None


def _root_over(pushed: Path, dataset: FolderSchema) -> Path:
    """Return a data root below which the pushed files stand where the data set is looked for."""
    root = pushed.with_name(f"{pushed.name}.root")
    link = root / dataset.folder
    with full_disk_explained(link):
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            link.symlink_to(pushed)
    return root


def _name(dataset: FolderSchema) -> str:
    return f"{dataset.name}-{dataset.folder.replace('/', '-')}.json"
