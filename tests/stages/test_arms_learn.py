"""Every compressor, every frozen encoder and the text condition: 200 steps, and they are heard.

So few clips are learned by heart, which is enough to tell whether what is said reaches the tokens.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from audiomotion.config.compressors import COMPRESSORS
from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.resolve import resolve
from audiomotion.config.text_encoders import TEXT_ENCODERS
from audiomotion.data.ragged import Ragged
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.graph import MaskedStage
from audiomotion.stages.loading import load_masked
from audiomotion.stages.pairs import training_pairs
from audiomotion.stages.results import CURVES
from audiomotion.stages.system import SystemStages
from audiomotion.train.curves import read_curves
from tests.stages.pipeline import SMALL, Pipeline

STEPS = 200
SMALLER = [
    "weights=random",
    "dataset.num_clips=80",
    "dataset.captions_per_clip=1",
    "rvq.training.max_steps=60",
    "rvq.training.lr_milestones=[]",
    "masked.num_layers=1",
    "masked.num_heads=4",
    "masked.latent_dim=64",
    "masked.feedforward_dim=96",
    "masked.token_dim=64",
    f"masked.training.max_steps={STEPS}",
    "masked.training.batch_size=16",
    "length.training={max_steps: 200, batch_size: 16, learning_rate: 1e-3, warmup_steps: 0}",
]
RETRIEVAL = {
    "memory-retrieval": "{name: memory-retrieval, condition_dim: 32, latent_dim: 32, num_heads: 2,"
    " feedforward_dim: 32, num_layers: 1, num_memory_tokens: 16, downsampling: 4}",
    "transformer": "{name: transformer, condition_dim: 32, latent_dim: 32, num_heads: 2,"
    " feedforward_dim: 32, num_layers: 1, downsampling: 4}",
}
WORDS = RETRIEVAL["memory-retrieval"].replace("downsampling: 4", "downsampling: 1")

CASES: dict[str, list[str]] = {
    **{
        f"compressor {name}": [f"compressor={RETRIEVAL.get(name, f'{{name: {name}}}')}"]
        for name in COMPRESSORS.schemas
    },
    **{f"avgpool-{k}": [f"compressor={{name: avgpool, num_segments: {k}}}"] for k in (32, 64)},
    **{f"extractor {name}": [f"extractor={{name: {name}}}"] for name in EXTRACTORS.schemas},
    "extractor wavlm mix": ["extractor={name: wavlm, layers: mix}"],
    **{
        f"text {name} {output}": [
            "condition=text",
            f"text_encoder={{name: {name}, output: {output}}}",
            f"compressor={WORDS}",
        ]
        for name in TEXT_ENCODERS.schemas
        for output in ("pooled", "tokens")
    },
}

SAYS_NEARLY_THE_SAME_OF_EVERYTHING = {"extractor whisper", "text sentence pooled"}
"""Random weights under positions or a mean: more than 200 steps would be needed to hear it."""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline(ArtifactStore(tmp_path_factory.mktemp("arms") / "store"))


def system(*sets: str) -> SystemStages:
    shared = [f"compressor={RETRIEVAL['memory-retrieval']}"]
    given = shared if not any(one.startswith("compressor=") for one in sets) else []
    return SystemStages(resolve(SMALL, sets=[*SMALLER, *given, *sets])[0].experiment)


def losses(folder: Path) -> np.ndarray:
    points = read_curves(folder / CURVES)
    assert points[-1]["step"] == STEPS
    return np.array([point["loss"] for point in points])


@pytest.mark.parametrize("case", CASES)
def test_two_hundred_steps_lower_the_loss(pipeline: Pipeline, case: str) -> None:
    stage = system(*CASES[case]).masked
    pipeline.run(Plan([Target(case, 0, stage)]))
    curve = losses(pipeline.folder(stage))
    start, end = curve[:3].mean(), curve[-3:].mean()
    assert end < 0.8 * start, f"{start:.2f} to {end:.2f}"
    if case in SAYS_NEARLY_THE_SAME_OF_EVERYTHING:
        return
    heard, other = (loss_of_training_clips(pipeline, stage, shift) for shift in (0, 1))
    assert heard < 0.85 * other, f"{heard:.2f}, with another's instruction {other:.2f}"


@torch.inference_mode()
def loss_of_training_clips(pipeline: Pipeline, stage: MaskedStage, shift: int) -> float:
    """Return the loss of a batch whose instructions are `shift` clips further on."""
    context = pipeline.context(stage, pipeline.store.root)
    features = context.inputs["features"]
    model = load_masked(stage, pipeline.folder(stage), features)
    tokens = Ragged.open(context.inputs["rvq"], "tokens")
    batch = training_pairs(stage, context, tokens, seed=0).batch(0).to("cpu")
    shifted = (part.roll(shift, 0) for part in (batch.features, batch.feature_mask))
    torch.manual_seed(0)
    base = batch.tokens[..., 0]
    loss, _ = model.transformer.training_loss(base, model.condition(*shifted), batch.token_mask)
    return float(loss)


@pytest.mark.parametrize("condition", ["audio", "text"])
def test_lengths_are_learned_from_either_condition(pipeline: Pipeline, condition: str) -> None:
    stage = system(f"condition={condition}").length
    pipeline.run(Plan([Target(condition, 0, stage)]))
    curve = losses(pipeline.folder(stage))
    assert curve[-3:].mean() < 0.8 * curve[:3].mean()
