"""What the training stages share: where the loop keeps its state, and what they leave."""

from audiomotion.stages.base import StageContext
from audiomotion.stages.results import CURVES
from audiomotion.train.checkpoint import CheckpointFolder
from audiomotion.train.curves import Curves
from audiomotion.train.loop import LoopSettings


def loop_settings(context: StageContext) -> LoopSettings:
    """Return settings that keep checkpoints in the scratch folder."""
    return LoopSettings(
        checkpoints=CheckpointFolder(context.scratch / "checkpoints"),
        curves=Curves(context.scratch / CURVES),
        checkpoint_seconds=context.checkpoint_seconds,
        report=context.report,
    )


def keep_curves(context: StageContext) -> None:
    """Move the curves into the artifact."""
    (context.output / CURVES).write_bytes((context.scratch / CURVES).read_bytes())
