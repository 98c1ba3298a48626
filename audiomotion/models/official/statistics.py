"""Mean and standard deviation that a published network's motions were normalised with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audiomotion.data.arrays import read_real_array
from audiomotion.data.statistics import Statistics
from audiomotion.errors import ModelError


@dataclass(frozen=True, eq=False)
class PublishedStatistics(Statistics):
    """As published, not changed: the deviations of root and contacts are already divided by 25."""

    folder: Path
    """Where they were found."""


def read_statistics(folders: Sequence[Path], feature_dim: int, what: str) -> PublishedStatistics:
    """Read `mean.npy` and `std.npy` of the first folder that has both.

    Raises:
        ModelError: There are none, or they do not fit the network.
    """
    folder = next((place for place in folders if _is_whole(place)), None)
    if folder is None:
        raise ModelError(
            f"the statistics of the published {what} are missing: mean.npy and std.npy belong in "
            f"{' or '.join(map(str, folders))}; its motions are normalised with them and no others,"
            " so copy them there or give their folder: --meta DIR"
        )
    why = f"the network reads {feature_dim} features: its own statistics have shape"
    mean, std = (
        read_real_array(folder / name, (feature_dim,), why) for name in ("mean.npy", "std.npy")
    )
    if not (std > 0).all():
        raise ModelError(f"{folder / 'std.npy'} holds deviations of 0 or less; get the file again")
    return PublishedStatistics(mean, std, folder)


def _is_whole(folder: Path) -> bool:
    return (folder / "mean.npy").is_file() and (folder / "std.npy").is_file()
