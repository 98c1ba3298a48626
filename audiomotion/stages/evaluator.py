"""Stage `evaluator`: clips and captions to the frozen encoders that the metrics live in."""

from collections.abc import Iterable, Sequence

import torch

from audiomotion.data.captions import VOCABULARY_FILE, Vocabulary, tag_caption
from audiomotion.data.dataset import ClipRecord, MotionDataset
from audiomotion.data.statistics import Statistics
from audiomotion.data.word_vectors import WordVectors, load_word_vectors, save_word_vectors
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import EvaluatorStage
from audiomotion.stages.loading import build_evaluator
from audiomotion.stages.training import keep_official, keep_training, loop_settings
from audiomotion.train.evaluator import EncodedCaptions, EvaluatorTask
from audiomotion.train.loop import fit

_SEED = 0  # the evaluator is shared by all seeds of all arms


def make_evaluator(stage: EvaluatorStage, context: StageContext) -> None:
    """Train on motion and captions of both variants, or take the published encoders.

    Writes weights, the words they know, and the statistics they were trained with.
    """
    dataset = MotionDataset(context.inputs["dataset"])
    tags: dict[int, list[tuple[str, ...]]] = {}
    if stage.config.weights == "trained":
        tags = {clip.index: caption_tags(clip) for clip in dataset.split("train")}
    vocabulary, vectors = _words(stage, tags.values(), context)
    torch.manual_seed(derive_seed(_SEED, "evaluator"))
    model = build_evaluator(stage.config, dataset.skeleton, vocabulary)
    if stage.config.weights == "official":
        Statistics.load(context.inputs["checkpoint"]).save(context.output)
        return keep_official(model, model, context)
    dataset.stats.save(context.output)
    normal = [dataset.stats.normalise(motion) for motion in dataset.motions(tags)]
    motions = dict(zip(tags, normal, strict=True))
    captions = EncodedCaptions.of(tags, vocabulary, vectors)
    task = EvaluatorTask(
        model.to(context.device), motions, captions, stage.config, _SEED, context.device
    )
    kept = fit(task, stage.config.training, _SEED, loop_settings(context))
    keep_training(model, kept, context)


def _words(
    stage: EvaluatorStage, captions: Iterable[Sequence[tuple[str, ...]]], context: StageContext
) -> tuple[Vocabulary, WordVectors | None]:
    """Return, and write, the words of the training captions, or the published words and vectors."""
    if stage.config.word_vectors == "glove":
        vocabulary, vectors = load_word_vectors(context.inputs["words"])
        save_word_vectors(context.output, vocabulary, vectors)
        return vocabulary, vectors
    vocabulary = Vocabulary.build(tag for tags in captions for tag in tags)
    vocabulary.save(context.output / VOCABULARY_FILE)
    return vocabulary, None


def caption_tags(clip: ClipRecord) -> list[tuple[str, ...]]:
    """Return the tagged words of every caption of a clip, as written and as spoken."""
    written = [caption.tags or tag_caption(caption.text) for caption in clip.captions]
    spoken = [tag_caption(text) for caption in clip.captions for text in caption.oral]
    return written + spoken
