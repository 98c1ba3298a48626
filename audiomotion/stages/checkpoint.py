"""Stage `checkpoint`: published weights, which are imported and cannot be computed."""

from audiomotion.errors import ModelError
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import CheckpointStage


def not_imported(stage: CheckpointStage, context: StageContext) -> None:
    """Say how to import what is not there.

    Raises:
        ModelError: Always.
    """
    del context
    config = stage.config
    content = f" (content {config.sha256[:16]})" if config.sha256 else ""
    raise ModelError(
        f"{config}{content} is not in the store, and weights cannot be computed; import them: "
        f"{config.import_command}"
    )
