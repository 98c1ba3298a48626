"""Stage `evaluator`: clips and captions to the frozen encoders that the metrics live in."""

from pathlib import Path

import torch

from audiomotion.config.experiment import EvaluatorConfig
from audiomotion.data.captions import Vocabulary, tag_caption
from audiomotion.data.dataset import ClipRecord, MotionDataset
from audiomotion.evaluate.embedding import FrozenEvaluator
from audiomotion.models.evaluator import MotionTextEvaluator
from audiomotion.models.weights import load_weights, save_weights
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import EvaluatorStage
from audiomotion.stages.results import WEIGHTS
from audiomotion.stages.training import keep_curves, loop_settings
from audiomotion.train.evaluator import EvaluatorTask
from audiomotion.train.loop import fit

_SEED = 0  # the evaluator is shared by all seeds of all arms
_VOCABULARY = "vocabulary.json"


def train_evaluator(stage: EvaluatorStage, context: StageContext) -> None:
    """Train on motion and captions of both variants; write weights, vocabulary and curves."""
    dataset = MotionDataset(context.inputs["dataset"])
    tags = {clip.index: caption_tags(clip) for clip in dataset.split("train")}
    vocabulary = Vocabulary.build(tag for captions in tags.values() for tag in captions)
    vocabulary.save(context.output / _VOCABULARY)
    torch.manual_seed(derive_seed(_SEED, "evaluator"))
    model = _build(stage.config, dataset, vocabulary).to(context.device)
    motions = dict(zip(tags, dataset.normalised(tags), strict=True))
    task = EvaluatorTask(model, motions, tags, vocabulary, stage.config, _SEED, context.device)
    fit(task, stage.config.training, _SEED, loop_settings(context))
    save_weights(model, context.output / WEIGHTS)
    keep_curves(context)


def load_evaluator(
    stage: EvaluatorStage, folder: Path, dataset: MotionDataset, device: str
) -> FrozenEvaluator:
    """Return the trained evaluator of an artifact."""
    vocabulary = Vocabulary.load(folder / _VOCABULARY)
    model = _build(stage.config, dataset, vocabulary)
    load_weights(model, folder / WEIGHTS)
    return FrozenEvaluator(model.to(device), vocabulary, dataset.mean, dataset.std)


def caption_tags(clip: ClipRecord) -> list[tuple[str, ...]]:
    """Return the tagged words of every caption of a clip, as written and as spoken."""
    written = [caption.tags or tag_caption(caption.text) for caption in clip.captions]
    spoken = [tag_caption(text) for caption in clip.captions for text in caption.oral]
    return written + spoken


def _build(
    config: EvaluatorConfig, dataset: MotionDataset, vocabulary: Vocabulary
) -> MotionTextEvaluator:
    return MotionTextEvaluator(config, dataset.skeleton.feature_dim, len(vocabulary))
