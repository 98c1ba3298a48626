"""Where published systems keep their files: names of folders, files, and parts inside them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audiomotion.config.checkpoints import CheckpointKind
from audiomotion.errors import ModelError


@dataclass(frozen=True)
class PartLayout:
    """How one part of the published systems is kept."""

    files: tuple[str, ...]
    """Names of its checkpoint, the one that the published scripts take first."""

    keys: tuple[str, ...]
    """Names of its state dict inside, the older releases' last; or those of its sub-networks."""

    prefixed: bool = False
    """Whether each of `keys` is a sub-network, and starts the names of its tensors."""


LAYOUTS: Final[dict[CheckpointKind, PartLayout]] = {
    "rvq": PartLayout(("net_best_fid.tar", "latest.tar", "finest.tar"), ("vq_model", "net")),
    "masked": PartLayout(
        ("latest.tar", "net_best_fid.tar", "finest.tar"), ("t2m_transformer", "trans")
    ),
    "residual": PartLayout(("net_best_fid.tar", "latest.tar", "finest.tar"), ("res_transformer",)),
    "length": PartLayout(("finest.tar", "latest.tar"), ("estimator",)),
    "evaluator": PartLayout(
        ("finest.tar", "latest.tar"),
        ("movement_encoder", "text_encoder", "motion_encoder"),
        prefixed=True,
    ),
}

_META_SIBLINGS: Final = ("Comp_v6_KLD005", "Comp_v6_KLD01")
"""Folders beside the evaluator's that hold the statistics it was trained with."""


def locate_checkpoint(place: Path, what: CheckpointKind) -> Path:
    """Return the checkpoint file of a published folder, of its `model/`, or given directly.

    Raises:
        ModelError: There is none; the message lists what was looked for.
    """
    if place.is_file():
        return place
    files = LAYOUTS[what].files
    looked_for = [folder / name for name in files for folder in (place / "model", place)]
    found = next((path for path in looked_for if path.is_file()), None)
    if found is None:
        raise ModelError(
            f"--checkpoint {place}: there is no checkpoint of {what}; looked for {', '.join(files)}"
            f" in {place / 'model'} and {place}"
        )
    return found


def statistics_folders(checkpoint: Path, what: CheckpointKind) -> list[Path]:
    """Return where the statistics of a checkpoint file may lie, the likeliest first."""
    in_model = checkpoint.parent.name == "model"
    folder = checkpoint.absolute().parent.parent if in_model else checkpoint.absolute().parent
    siblings = _META_SIBLINGS if what == "evaluator" else ()
    return [folder / "meta", *(folder.parent / name / "meta" for name in siblings)]


def parts_of(path: Path, content: dict[str, Any], what: CheckpointKind) -> dict[str, Any]:
    """Return the state dicts of a part, by the key that they have in a checkpoint's content.

    Raises:
        ModelError: The checkpoint is of something else.
    """
    layout = LAYOUTS[what]
    found = [key for key in layout.keys if key in content]
    if not found or (layout.prefixed and len(found) < len(layout.keys)):
        wanted = (" and " if layout.prefixed else " or ").join(layout.keys)
        raise ModelError(
            f"{path} is no checkpoint of {what}: it should hold {wanted} and holds "
            f"{_some(content)}{_perhaps(content)}"
        )
    return {key: content[key] for key in (layout.keys if layout.prefixed else found[:1])}


def _perhaps(content: dict[str, Any]) -> str:
    for what, layout in LAYOUTS.items():
        if any(key in content for key in layout.keys):
            return f"; it looks like a checkpoint of {what}"
    return ""


def _some(names: Iterable[str], most: int = 5) -> str:
    listed = [repr(name) for name in names]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more if listed else "nothing"
