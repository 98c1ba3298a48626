"""A system that is loaded once measures what the evaluation stage measures."""

from pathlib import Path

import numpy as np
import pytest
import torch

from audiomotion.config.resolve import resolve
from audiomotion.evaluate.result import EvaluationResult
from audiomotion.files import read_json
from audiomotion.models.condition import Condition
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.evaluation import evaluate_system
from audiomotion.stages.graph import EvaluationStage
from audiomotion.stages.results import RESULT
from audiomotion.stages.system import SystemStages
from audiomotion.stages.trials import LoadedTrials
from tests.cli.command_line import TINY
from tests.stages.pipeline import Pipeline

SETS = (
    "dataset.num_clips=128",
    "evaluation={split: val, repeats: 2, pool_size: 4, unique_captions: false}",
)


def evaluation(*sets: str) -> EvaluationStage:
    (arm,) = resolve(TINY, sets=[*SETS, *sets])
    return SystemStages(arm.experiment).evaluation


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    pipeline = Pipeline(ArtifactStore(tmp_path_factory.mktemp("trials") / "store"))
    pipeline.run(Plan([], list(evaluation().inputs.values())))
    return pipeline


@pytest.fixture(scope="module")
def loaded(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> LoadedTrials:
    stage = evaluation()
    return LoadedTrials(stage, pipeline.context(stage, tmp_path_factory.mktemp("context")))


@pytest.mark.parametrize("scale", [1.0, 2.0, 7.5])
def test_a_trial_is_what_the_evaluation_stage_measures(
    pipeline: Pipeline, loaded: LoadedTrials, tmp_path: Path, scale: float
) -> None:
    stage = evaluation(f"generation.masked.guidance_scale={scale}")
    evaluate_system(stage, pipeline.context(stage, tmp_path))
    expected = EvaluationResult.from_json(read_json(tmp_path / RESULT))
    for result in expected.repeats:
        measured = loaded.measure(stage.config.generation, result.repeat)
        assert measured == pytest.approx(result.metrics, rel=1e-4)


def test_what_was_measured_before_changes_nothing(loaded: LoadedTrials) -> None:
    first, other = (
        evaluation(f"generation.masked.temperature={value}").config.generation
        for value in (0.1, 9.0)
    )
    metrics = loaded.measure(first, 1)
    assert loaded.measure(other, 1) != metrics
    assert loaded.measure(other, 0) != loaded.measure(other, 1)
    assert loaded.measure(first, 1) == metrics


def test_conditions_are_encoded_once(loaded: LoadedTrials, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Condition:
        raise AssertionError("encoded again")

    for part in (loaded.system.masked, loaded.system.residual):
        monkeypatch.setattr(part.condition, "forward", refuse)
    monkeypatch.setattr(loaded.judged.embedded, "real_features", refuse)
    loaded.measure(evaluation().config.generation, 0)


@pytest.mark.parametrize("batch_size", [3, 64])
def test_encoded_conditions_are_those_of_the_instructions(
    pipeline: Pipeline, loaded: LoadedTrials, batch_size: int
) -> None:
    rng = np.random.default_rng(0)
    width = loaded.judged.context.inputs["features"]
    dim = int(read_json(width / "features.json")["feature_dim"])
    features = [rng.normal(size=(n, dim)).astype(np.float32) for n in (9, 31, 4, 17)]
    together = loaded.system.encode(features, batch_size)
    for row, own in enumerate(features):
        alone = loaded.system.encode([own])
        torch.testing.assert_close(together.masked.tokens[row], alone.masked.tokens[0])
        torch.testing.assert_close(together.residual.tokens[row], alone.residual.tokens[0])
