"""Stage `dataset`: raw files to clips, captions, splits, statistics and a report."""

from audiomotion.data.dataset import read_dataset, write_dataset
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import DatasetStage


def make_dataset(stage: DatasetStage, context: StageContext) -> None:
    """Read or make the data set, and write it."""
    raw = read_dataset(
        stage.config, context.data_root, lambda done, total: context.report(done, total, {})
    )
    write_dataset(raw, context.output)
