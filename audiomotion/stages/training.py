"""What the training stages share: where the loop keeps its state, and what they leave."""

from dataclasses import asdict

from torch import nn

from audiomotion.files import write_json
from audiomotion.models.weights import save_weights
from audiomotion.stages.base import StageContext
from audiomotion.stages.results import CURVES, KEPT, WEIGHTS
from audiomotion.train.checkpoint import CheckpointFolder
from audiomotion.train.curves import Curves
from audiomotion.train.loop import LoopSettings
from audiomotion.train.selection import Kept


def loop_settings(context: StageContext) -> LoopSettings:
    """Return settings that keep checkpoints in the scratch folder."""
    return LoopSettings(
        checkpoints=CheckpointFolder(context.scratch / "checkpoints"),
        curves=Curves(context.scratch / CURVES),
        checkpoint_seconds=context.checkpoint_seconds,
        report=context.report,
    )


def keep_training(module: nn.Module, kept: Kept, context: StageContext) -> None:
    """Write weights, curves, and which weights these are, into the artifact."""
    save_weights(module, context.output / WEIGHTS)
    write_json(context.output / KEPT, asdict(kept))
    (context.output / CURVES).write_bytes((context.scratch / CURVES).read_bytes())
