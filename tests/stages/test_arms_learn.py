"""Every compressor, every frozen encoder and the text condition: 200 steps, and the loss falls."""

from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.compressors import COMPRESSORS
from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.resolve import resolve
from audiomotion.config.text_encoders import TEXT_ENCODERS
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore
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
        ]
        for name in TEXT_ENCODERS.schemas
        for output in ("pooled", "tokens")
    },
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline(ArtifactStore(tmp_path_factory.mktemp("arms") / "store"))


def system(*sets: str) -> SystemStages:
    shared = [f"compressor={RETRIEVAL['memory-retrieval']}"]
    given = shared if not any(one.startswith("compressor") for one in sets) else []
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


@pytest.mark.parametrize("condition", ["audio", "text"])
def test_lengths_are_learned_from_either_condition(pipeline: Pipeline, condition: str) -> None:
    stage = system(f"condition={condition}").length
    pipeline.run(Plan([Target(condition, 0, stage)]))
    curve = losses(pipeline.folder(stage))
    assert curve[-3:].mean() < 0.8 * curve[:3].mean()
