"""From made-up motions to a table, in this process: training must make the system better."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from audiomotion.config.resolve import resolve
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.ragged import Ragged
from audiomotion.models.condition import Condition
from audiomotion.models.padding import pad
from audiomotion.orchestrate.launch import Request, make_plan
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.statistics import Figure
from audiomotion.report.table import ResultTable
from audiomotion.stages.loading import load_masked
from tests.stages.pipeline import FOLDER, SMALL, Pipeline, files_of

CHANCE_TOP3 = 3 / 32


def planned(*names: str) -> tuple[Request, Plan]:
    arms = resolve(axes=[str(FOLDER / "length.yaml")], arms=names, dataset=SMALL)
    request = Request("ablation", "length", [(arm.name, arm.experiment) for arm in arms], {})
    return request, make_plan(request)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline(ArtifactStore(tmp_path_factory.mktemp("pipeline") / "store"))


@pytest.fixture(scope="module")
def launched(pipeline: Pipeline) -> tuple[RunRecord, ResultTable]:
    return pipeline.launch(planned("trained", "untrained")[0])


@pytest.fixture(scope="module")
def figures(launched: tuple[RunRecord, ResultTable]) -> dict[str, Mapping[str, Figure]]:
    _, table = launched
    rows = [*table.references, *table.rows]
    assert [row.reason for row in rows] == [""] * len(rows)
    return {row.name: row.figures for row in rows}


def test_every_stage_left_its_artifact(
    pipeline: Pipeline, launched: tuple[RunRecord, ResultTable]
) -> None:
    record, _ = launched
    assert (record.status, {arm.status for arm in record.arms}) == ("done", {"done"})
    _, plan = planned("trained", "untrained")
    assert sorted(pipeline.started) == sorted(stage.name for stage in plan.stages.values())
    assert pipeline.started.count("evaluator") == 1
    assert pipeline.started.count("rvq") == 2


def test_the_evaluator_knows_what_motions_show(figures: dict[str, Mapping[str, Figure]]) -> None:
    real = figures["real motion"]
    assert real["top3"].mean > 6 * CHANCE_TOP3  # measured: 0.84, where chance is 0.09
    assert real["fid"].mean < 1e-3


def test_the_rvq_keeps_what_motions_show(figures: dict[str, Mapping[str, Figure]]) -> None:
    kept, lost = figures["RVQ reconstruction (trained)"], figures["RVQ reconstruction (untrained)"]
    assert kept["top3"].mean > 4 * CHANCE_TOP3  # measured: 0.77
    assert kept["fid"].mean < lost["fid"].mean / 4  # measured: 0.24 and 2.01


def test_a_trained_system_beats_an_untrained_one(figures: dict[str, Mapping[str, Figure]]) -> None:
    trained, untrained = figures["trained"], figures["untrained"]
    assert trained["fid"].mean < untrained["fid"].mean / 2  # measured: 0.55 and 2.00
    real = figures["real motion"]["diversity"].mean
    assert abs(trained["diversity"].mean - real) < abs(untrained["diversity"].mean - real) / 2


def test_the_masked_transformer_listens(
    pipeline: Pipeline, launched: tuple[RunRecord, ResultTable]
) -> None:
    """With the instruction of another clip it must predict the tokens of a training clip worse."""
    _, plan = planned("trained")
    evaluation = plan.targets[0].stage
    inputs = evaluation.inputs
    folders = {role: pipeline.folder(stage) for role, stage in inputs.items()}
    model = load_masked(inputs["masked"], folders["masked"], folders["features"])
    tokens, token_mask, features, feature_mask = training_clips(folders, 32)

    def loss(shift: int) -> float:
        torch.manual_seed(0)
        heard = model.condition(features.roll(shift, 0), feature_mask.roll(shift, 0))
        assert isinstance(heard, Condition)
        return float(model.transformer.training_loss(tokens, heard, token_mask)[0])

    with torch.inference_mode():
        assert loss(0) < 0.75 * loss(1)  # measured: 1.71 and 2.72


def training_clips(folders: Mapping[str, Path], number: int) -> tuple[Any, ...]:
    """Return base tokens and the features of one instruction of each of the first clips."""
    tokens = Ragged.open(folders["rvq"], "tokens")
    features = Ragged.open(folders["features"], "features")
    dataset = MotionDataset(folders["dataset"])
    instructions = Instructions(dataset, "original").of_clip
    clips = [clip.index for clip in dataset.split("train")][:number]
    padded, token_mask = pad([tokens[clip] for clip in clips], value=-1)
    return (
        *(padded[..., 0], token_mask),
        *pad([features[instructions[clip][0]] for clip in clips]),
    )


def test_the_second_launch_runs_nothing(
    pipeline: Pipeline, launched: tuple[RunRecord, ResultTable]
) -> None:
    first, table = launched
    second, again = pipeline.launch(planned("trained", "untrained")[0])
    assert pipeline.started == []
    assert second.arms == first.arms
    assert again == table


def test_another_store_gets_the_same_bytes(pipeline: Pipeline, tmp_path: Path) -> None:
    """Speech, features, weights and tokens: a seed decides them, and no place or time does."""
    _, plan = planned("brief")
    inputs = plan.targets[0].stage.inputs
    trained = Plan([Target("brief", 0, inputs[part]) for part in ("masked", "residual")])
    other = Pipeline(ArtifactStore(tmp_path / "store"))
    for place in (pipeline, other):
        place.run(trained)
    assert sorted(other.started) == ["dataset", "features", "masked", "residual", "rvq", "speak"]
    for stage in trained.stages.values():
        assert files_of(other, stage) == files_of(pipeline, stage), stage.name
