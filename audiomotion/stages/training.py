"""What the training stages share: where the loop keeps its state, and what they leave."""

from dataclasses import asdict
from functools import partial

from torch import nn

from audiomotion.files import write_json
from audiomotion.models.group import ALONE, WorkerGroup
from audiomotion.models.published import load_imported
from audiomotion.models.weights import save_weights
from audiomotion.stages.accounting import model_facts
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
        stop_requested=context.stop_requested,
    )


def group_of(context: StageContext) -> WorkerGroup:
    """Return who trains together."""
    return context.group or ALONE


def keep_official(module: nn.Module, published: nn.Module, context: StageContext) -> None:
    """Load the imported weights into `published`, a part of `module`, and write all of `module`.

    Raises:
        ModelError: They do not fit.
    """
    load_imported(published, context.inputs["checkpoint"] / WEIGHTS)
    context.note("model", partial(model_facts, module))
    save_weights(module, context.output / WEIGHTS)


def keep_training(module: nn.Module, kept: Kept, context: StageContext) -> None:
    """Write weights, curves, and which weights these are, into the artifact."""
    context.note("model", partial(model_facts, module))
    save_weights(module, context.output / WEIGHTS)
    write_json(context.output / KEPT, asdict(kept))
    (context.output / CURVES).write_bytes((context.scratch / CURVES).read_bytes())
