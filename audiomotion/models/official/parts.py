"""A part of a published system: its checkpoint found, read, checked against the network here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from audiomotion.config.checkpoints import CheckpointKind, DatasetName
from audiomotion.errors import ConfigError, ModelError
from audiomotion.models.official.fitting import expected_shapes, fitted
from audiomotion.models.official.layout import (
    LAYOUTS,
    locate_checkpoint,
    parts_of,
    statistics_folders,
)
from audiomotion.models.official.reading import read_checkpoint, tensors_of
from audiomotion.models.official.sizes import SKELETON_OF, feature_width, sized
from audiomotion.models.official.statistics import PublishedStatistics, read_statistics
from audiomotion.models.published import NOT_WEIGHTS


@dataclass(frozen=True, eq=False)
class OfficialPart:
    """A published network: it is exactly a network of this package at the sizes given."""

    what: CheckpointKind
    dataset: DatasetName
    source: Path
    """The file."""

    tensors: Mapping[str, Tensor]
    """Float32, by their published names."""

    sizes: Mapping[str, int | bool]
    """Sizes that checkpoints differ in, named as in the schemas; the others are defaults there."""

    passed_over: int
    """Tensors that are no weights of the network: a frozen text encoder, a computed table."""

    statistics: PublishedStatistics | None
    """What its motions are normalised with, where it reads motion."""


def read_part(
    place: Path, what: CheckpointKind, dataset: DatasetName | None = None, meta: Path | None = None
) -> OfficialPart:
    """Read a part of MoMask or of the evaluator from a published folder or file.

    Args:
        place: The published folder, its `model/`, or the checkpoint file.
        what: Part that it has to be.
        dataset: Data set it was trained on; needed where its tensors do not tell.
        meta: Folder of `mean.npy` and `std.npy`, where they lie elsewhere.

    Raises:
        ModelError: The file is missing, damaged, carries code, or is no such network; the
            statistics of a network that reads motion are missing or do not fit.
        ConfigError: The data set is missing, or is another than the tensors tell.
    """
    path = locate_checkpoint(place, what)
    found = _tensors(path, read_checkpoint(path), what)
    state = {name: tensor for name, tensor in found.items() if not name.startswith(NOT_WEIGHTS)}
    width = feature_width(what, state)
    trained_on = _given(what, dataset) if width is None else _told(path, width, dataset)
    made = sized(what, state, SKELETON_OF[trained_on].feature_dim)
    tensors = fitted(path, state, expected_shapes(made.network), what)
    statistics = None
    if width is not None:
        folders = [meta] if meta else statistics_folders(path, what)
        statistics = read_statistics(folders, width, f"{what} of {trained_on}")
    return OfficialPart(
        what, trained_on, path, tensors, made.sizes, len(found) - len(state), statistics
    )


def _tensors(path: Path, content: dict[str, Any], what: CheckpointKind) -> dict[str, Tensor]:
    tensors = {}
    for key, state in parts_of(path, content, what).items():
        prefix = f"{key}." if LAYOUTS[what].prefixed else ""
        named = tensors_of(path, repr(key), state)
        tensors.update({prefix + name: tensor for name, tensor in named.items()})
    return tensors


def _given(what: CheckpointKind, dataset: DatasetName | None) -> DatasetName:
    if dataset is None:
        raise ConfigError(
            f"--dataset is missing: the published {what} has the same tensors for both data sets, "
            "so the checkpoint does not tell; give humanml3d (folder t2m) or kit"
        )
    return dataset


def _told(path: Path, width: int, dataset: DatasetName | None) -> DatasetName:
    told = next((name for name, of in SKELETON_OF.items() if of.feature_dim == width), None)
    if told is None:
        known = " or ".join(f"{of.feature_dim} ({name})" for name, of in SKELETON_OF.items())
        raise ModelError(
            f"{path} reads motion of {width} features, and the published systems read {known}; "
            "get the file from its authors"
        )
    if dataset not in (None, told):
        raise ConfigError(
            f"--dataset {dataset}: {path} reads motion of {width} features, which is {told}; "
            "give the other checkpoint, or leave --dataset out"
        )
    return told
