"""Stage `evaluator`: clips and captions to the frozen encoders that the metrics live in."""

import torch

from audiomotion.data.captions import Vocabulary, tag_caption
from audiomotion.data.dataset import ClipRecord, MotionDataset
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import EvaluatorStage
from audiomotion.stages.loading import build_evaluator
from audiomotion.stages.results import VOCABULARY
from audiomotion.stages.training import keep_training, loop_settings
from audiomotion.train.evaluator import EvaluatorTask
from audiomotion.train.loop import fit

_SEED = 0  # the evaluator is shared by all seeds of all arms


def make_evaluator(stage: EvaluatorStage, context: StageContext) -> None:
    """Train on motion and captions of both variants; write weights, statistics and vocabulary."""
    dataset = MotionDataset(context.inputs["dataset"])
    tags = {clip.index: caption_tags(clip) for clip in dataset.split("train")}
    vocabulary = Vocabulary.build(tag for captions in tags.values() for tag in captions)
    vocabulary.save(context.output / VOCABULARY)
    dataset.stats.save(context.output)
    torch.manual_seed(derive_seed(_SEED, "evaluator"))
    model = build_evaluator(stage.config, dataset.skeleton, vocabulary).to(context.device)
    normal = [dataset.stats.normalise(motion) for motion in dataset.motions(tags)]
    motions = dict(zip(tags, normal, strict=True))
    task = EvaluatorTask(model, motions, tags, vocabulary, stage.config, _SEED, context.device)
    kept = fit(task, stage.config.training, _SEED, loop_settings(context))
    keep_training(model, kept, context)


def caption_tags(clip: ClipRecord) -> list[tuple[str, ...]]:
    """Return the tagged words of every caption of a clip, as written and as spoken."""
    written = [caption.tags or tag_caption(caption.text) for caption in clip.captions]
    spoken = [tag_caption(text) for caption in clip.captions for text in caption.oral]
    return written + spoken
