"""Which published weights an imported artifact holds."""

from typing import Final, Literal

from audiomotion.config.schema import Schema

CheckpointKind = Literal[
    "rvq", "masked", "residual", "length", "evaluator", "word-vectors", "imagebind-audio"
]
DatasetName = Literal["humanml3d", "kit"]


class CheckpointConfig(Schema):
    """Published weights, known by what they are: a copy of them elsewhere is the same artifact."""

    what: CheckpointKind
    """Part of the published systems."""

    dataset: DatasetName | None = None
    """Data set it was trained on; None where it depends on none."""

    sha256: str
    """Digest of names, shapes and numbers, statistics and words: not of the file they came in."""

    def __str__(self) -> str:
        """Return what messages call them."""
        return f"the published {self.what}" + (f" of {self.dataset}" if self.dataset else "")

    @property
    def import_command(self) -> str:
        """The command that imports them."""
        command = _COMMANDS.get(self.what, f"momask --what {self.what} --checkpoint DIR")
        return f"amx import {command}" + (f" --dataset {self.dataset}" if self.dataset else "")


_COMMANDS: Final[dict[CheckpointKind, str]] = {
    "evaluator": "t2m-evaluator --checkpoint DIR",
    "word-vectors": "glove --folder DIR",
    "imagebind-audio": "imagebind-audio --checkpoint FILE",
}
