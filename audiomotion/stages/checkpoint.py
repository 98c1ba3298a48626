"""Stage `checkpoint`: published weights, which are imported and cannot be computed."""

from audiomotion.errors import ModelError
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import CheckpointStage

_COMMANDS = {
    "evaluator": "t2m-evaluator --checkpoint DIR",
    "word-vectors": "glove --folder DIR",
    "imagebind-audio": "imagebind-audio --checkpoint FILE",
}


def not_imported(stage: CheckpointStage, context: StageContext) -> None:
    """Say how to import what is not there.

    Raises:
        ModelError: Always.
    """
    del context
    config = stage.config
    command = _COMMANDS.get(config.what, f"momask --what {config.what} --checkpoint DIR")
    dataset = f" --dataset {config.dataset}" if config.dataset else ""
    of = f" of {config.dataset}" if config.dataset else ""
    raise ModelError(
        f"the published {config.what}{of} (content {config.sha256[:16]}) is not in the store, and "
        f"weights cannot be computed; import them: amx import {command}{dataset}"
    )
