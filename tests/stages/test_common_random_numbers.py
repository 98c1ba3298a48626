"""Arms of one data set are compared on the same draws: captions, lengths, seeds, noise, pools."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from audiomotion.config.resolve import resolve
from audiomotion.evaluate import protocol
from audiomotion.evaluate.protocol import TestItem
from audiomotion.generate.noise import ClipNoise
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.evaluation import SystemGenerator
from audiomotion.stages.graph import EvaluationStage
from audiomotion.stages.system import SystemStages
from tests.cli.command_line import TINY
from tests.stages.pipeline import Pipeline

PROTOCOL = (
    "evaluation={repeats: 2, multimodality_captions: 3, multimodality_samples: 3,"
    " multimodality_pairs: 2, sampling: %s}"
)
ARMS = {
    "memory-retrieval": (),
    "wider": ("masked.latent_dim=32", "residual.latent_dim=32", "generation.masked.iterations=2"),
    "avgpool": ("compressor={name: avgpool, num_segments: 4}",),
}


class Draws:
    """Everything that an evaluation draws, one list for each purpose."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.items: list[tuple[list[TestItem], int]] = []
        self.noise: list[tuple[list[int], int, int, float]] = []
        self.pools: list[list[int]] = []
        self.pairs: list[list[int]] = []
        generate, uniform = SystemGenerator.generate, ClipNoise.uniform
        pools, pair_rng = protocol.draw_pools, protocol._pair_rng

        def generated(system: SystemGenerator, items: Sequence[TestItem], seed: int) -> Any:
            self.items.append((list(items), seed))
            return generate(system, items, seed)

        def drawn(noise: ClipNoise, step: int, classes: Tensor) -> Tensor:
            probe = torch.zeros(len(noise.seeds), 2, 3, dtype=torch.long) + torch.arange(3)
            value = float(uniform(noise, step, probe).sum())
            self.noise.append((noise.seeds.tolist(), noise.stream, step, value))
            return uniform(noise, step, classes)

        def dealt(*args: Any, **options: Any) -> Any:
            found = pools(*args, **options)
            self.pools.append(found.ravel().tolist())
            return found

        def paired(*args: Any) -> Any:
            self.pairs.append(pair_rng(*args).choice(1000, 5, replace=False).tolist())
            return pair_rng(*args)

        monkeypatch.setattr(SystemGenerator, "generate", generated)
        monkeypatch.setattr(ClipNoise, "uniform", drawn)
        monkeypatch.setattr(protocol, "draw_pools", dealt)
        monkeypatch.setattr(protocol, "_pair_rng", paired)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline(ArtifactStore(tmp_path_factory.mktemp("draws") / "store"))


def evaluation(arm: str, sampling: str) -> EvaluationStage:
    sets = ["dataset.captions_per_clip=2", PROTOCOL % sampling, *ARMS[arm]]
    return SystemStages(resolve(TINY, sets=sets)[0].experiment).evaluation


@pytest.mark.parametrize("sampling", ["fixed", "published"])
def test_arms_get_the_same_random_numbers(pipeline: Pipeline, sampling: str) -> None:
    found, motions = [], []
    for arm in ARMS:
        stage = evaluation(arm, sampling)
        pipeline.run(Plan(Target(arm, 0, needed) for needed in stage.inputs.values()))
        with pytest.MonkeyPatch.context() as monkeypatch:
            draws = Draws(monkeypatch)
            pipeline.run(Plan([Target(arm, 0, stage)]))
        found.append(draws)
        motions.append((pipeline.folder(stage) / "examples.bin").read_bytes())
    first = found[0]
    assert len(first.items) == 2 * 2 + 1 and len(first.pools) == 2 and len(first.pairs) == 2 * 2
    assert len(first.noise) > 10
    for other in found[1:]:
        assert vars(other) == vars(first)
    assert len(set(motions)) == len(ARMS), "the arms are one system"
