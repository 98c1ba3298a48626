"""Checkpoints that are whole or not there."""

import hashlib
import io
import logging
from pathlib import Path
from typing import Any

import torch

from audiomotion.files import write_atomic

logger = logging.getLogger(__name__)

_DIGEST_SIZE = 32


class CheckpointFolder:
    """The two newest checkpoints of a training; a damaged one is passed over with a warning.

    A file is `torch.save`'s content followed by its SHA-256, so a truncated or changed one is seen.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob(".step-*.tmp"):  # of a process that was killed
            unfinished.unlink()

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Write the state after `step` steps; older checkpoints but one are removed."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getvalue()
        digest = hashlib.sha256(content).digest()
        write_atomic(self._path(step), lambda file: (file.write(content), file.write(digest)))
        for path in self._paths()[:-2]:
            path.unlink(missing_ok=True)

    def load(self) -> tuple[int, dict[str, Any]] | None:
        """Return step and state of the newest whole checkpoint, or None."""
        for path in reversed(self._paths()):
            content = path.read_bytes()
            if hashlib.sha256(content[:-_DIGEST_SIZE]).digest() == content[-_DIGEST_SIZE:]:
                state = torch.load(io.BytesIO(content[:-_DIGEST_SIZE]), weights_only=True)
                return int(path.stem.split("-")[1]), state
            logger.warning("%s is damaged; using the checkpoint before it", path)
            path.unlink()  # it would count as one of the two that `save` keeps
        return None

    def _path(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}.pt"

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.pt"))
