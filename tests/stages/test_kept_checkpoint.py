"""`keep: best-fid`, in the stages that train: the validation split chooses."""

from pathlib import Path

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.files import read_json
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.graph import MaskedStage
from audiomotion.stages.loading import load_masked
from audiomotion.stages.results import CURVES, KEPT
from audiomotion.stages.system import SystemStages
from audiomotion.stages.validating import GenerationValidation
from audiomotion.train.curves import read_curves
from tests.stages.pipeline import SMALL, Pipeline

PARTS = ("rvq", "masked", "residual")
BRIEF = [
    "dataset.num_clips=96",
    "rvq.training.max_steps=40",
    "rvq.training.lr_milestones=[]",
    "masked.training.max_steps=20",
    "residual.training.max_steps=20",
    "evaluator.training.max_steps=20",
    "validation.masked.iterations=3",
]
BEST = [f"{part}.training.keep=best-fid" for part in PARTS]
FEW = [f"{part}.training.num_validations=4" for part in PARTS]


def stages(*sets: str) -> SystemStages:
    return SystemStages(resolve(SMALL, sets=[*BRIEF, *sets])[0].experiment)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, SystemStages]:
    pipeline = Pipeline(ArtifactStore(tmp_path_factory.mktemp("best") / "store"))
    system = stages(*BEST, *FEW)
    pipeline.run(Plan([Target("best", 0, system.masked, (system.residual,))]))
    return pipeline, system


@pytest.mark.parametrize("part", PARTS)
def test_the_lowest_validation_fid_is_kept(trained, part: str) -> None:
    pipeline, system = trained
    folder = pipeline.folder(getattr(system, part))
    fids = {
        int(point["step"]): point["validation_fid"]
        for point in read_curves(folder / CURVES)
        if "validation_fid" in point
    }
    assert len(fids) == 4
    kept = read_json(folder / KEPT)
    assert kept["num_steps"] == max(fids)
    assert kept["validation_fid"] == min(fids.values())
    assert fids[kept["step"]] == kept["validation_fid"]


def test_the_kept_weights_have_the_fid_that_chose_them(trained, tmp_path: Path) -> None:
    pipeline, system = trained
    stage: MaskedStage = system.masked
    folders = {role: pipeline.folder(given) for role, given in stage.inputs.items()}
    model = load_masked(stage, pipeline.folder(stage), folders["features"])
    context = pipeline.context(stage, tmp_path)
    assert stage.config.validation is not None
    fid = GenerationValidation(stage, context).base_fid(model, stage.config.validation)
    assert fid == pytest.approx(read_json(pipeline.folder(stage) / KEPT)["validation_fid"])


def test_the_evaluator_is_an_input_only_where_it_chooses() -> None:
    best, last = stages(*BEST), stages()
    for part in PARTS:
        assert "evaluator" in getattr(best, part).inputs
        assert "evaluator" not in getattr(last, part).inputs


def test_another_guidance_scale_trains_nothing_anew() -> None:
    scales = ["generation.masked.guidance_scale=7", "generation.residual.guidance_scale=7"]
    one, other = stages(*BEST), stages(*BEST, *scales)
    assert one.masked.fingerprint == other.masked.fingerprint
    assert one.evaluation.fingerprint != other.evaluation.fingerprint
