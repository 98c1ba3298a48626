"""Whether raw data is there, and its fingerprint."""

from pathlib import Path

from audiomotion.config.datasets import DatasetSchema, FolderSchema
from audiomotion.config.experiment import Experiment
from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.data.folder_check import check_folder, dataset_folder
from audiomotion.errors import DataError


def missing_data(dataset: DatasetSchema, data_root: Path | None) -> list[str]:
    """Return what is missing of a data set's raw files, and how to get it."""
    return check_folder(dataset, data_root) if isinstance(dataset, FolderSchema) else []


def with_content(experiment: Experiment, data_root: Path | None, cache: Path | None) -> Experiment:
    """Return the experiment with the fingerprint of its raw files, so that other data is seen.

    Args:
        experiment: Any experiment; one whose data is made from a seed is returned as it is.
        data_root: Folder of the raw data sets.
        cache: Folder for fingerprints of files that have not changed; None writes nothing.

    Raises:
        ConfigError: There is no data root.
        DataError: Files are missing; the message says which, and how to get them.
    """
    dataset = experiment.dataset
    if not isinstance(dataset, FolderSchema):
        return experiment
    folder = dataset_folder(dataset, data_root)
    if problems := missing_data(dataset, data_root):
        raise DataError("\n".join(problems))
    record = None if cache is None else cache / "data" / f"{dataset.name}.json"
    content = fingerprint_folder(folder, record)
    return experiment.model_copy(
        update={"dataset": dataset.model_copy(update={"content": content})}
    )
