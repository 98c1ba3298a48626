"""Motions from files are measured as if they were generated here: real motion is real motion."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiomotion.config.resolve import resolve
from audiomotion.data.dataset import MotionDataset
from audiomotion.errors import DataError
from audiomotion.files import read_json
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.graph import OutsideStage
from audiomotion.stages.outside import folder_content
from audiomotion.stages.results import GIVEN, REAL, RESULT
from audiomotion.stages.system import SystemStages
from tests.cli.command_line import TINY
from tests.stages.outside_folder import OutsideFolder
from tests.stages.pipeline import Pipeline


def stages(repeats: int = 2, sampling: str = "fixed") -> SystemStages:
    sets = (
        "dataset.captions_per_clip=3",
        f"evaluation={{repeats: {repeats}, sampling: {sampling}, multimodality_captions: 4,"
        " multimodality_samples: 3, multimodality_pairs: 2}",
    )
    return SystemStages(resolve(TINY, sets=sets)[0].experiment)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    made = Pipeline(ArtifactStore(tmp_path_factory.mktemp("outside") / "store"))
    made.run(Plan([Target("real", 0, stages().evaluator)], [stages().reference]))
    return made


@pytest.fixture
def folder(pipeline: Pipeline, tmp_path: Path) -> OutsideFolder:
    return OutsideFolder(tmp_path / "motions", MotionDataset(pipeline.folder(stages().dataset)))


def planned(folder: OutsideFolder, allow_missing: bool = False, **protocol: Any) -> OutsideStage:
    content = folder_content(folder.path, None)
    return stages(**protocol).outside(folder.path, content, allow_missing=allow_missing)


def measured(pipeline: Pipeline, stage: OutsideStage, name: str = RESULT) -> dict[str, Any]:
    pipeline.run(Plan([Target("outside", 0, stage)]))
    content: dict[str, Any] = read_json(pipeline.folder(stage) / name)
    return content


def problems(pipeline: Pipeline, stage: OutsideStage, scratch: Path) -> list[str]:
    scratch.mkdir(exist_ok=True)
    with pytest.raises(DataError) as raised:
        stage.run(pipeline.context(stage, scratch))
    assert raised.value.exit_code == 3
    return str(raised.value).splitlines()


def all_captions(folder: OutsideFolder, place: str) -> None:
    for number in range(3):
        folder.features(place, lambda clip, number=number: f"{clip.name}@{number}")


def test_real_motion_gets_the_figures_of_real_motion(
    pipeline: Pipeline, folder: OutsideFolder
) -> None:
    all_captions(folder, "repeat-00")
    all_captions(folder, "repeat-01")
    stage = planned(folder)
    reference = read_json(pipeline.folder(stages().reference) / RESULT)["real"]
    assert measured(pipeline, stage) == reference
    assert measured(pipeline, stage, REAL) == reference
    assert reference["summaries"]["fid"]["mean"] == pytest.approx(0, abs=1e-6)
    assert reference["num_repeats"] == 2
    given = measured(pipeline, stage, GIVEN)
    assert given["forms"] == {"features": 2 * 3 * 32} and given["missing"] == []


def test_published_sampling_cuts_the_motions_as_it_cuts_real_ones(
    pipeline: Pipeline, folder: OutsideFolder
) -> None:
    all_captions(folder, "repeat-00")
    found = measured(pipeline, planned(folder, sampling="published"))
    assert found["sampling"] == "published" and found["num_clips"] == 32
    assert found["summaries"]["mm_distance"]["mean"] > 0


def test_only_what_was_given_is_measured(pipeline: Pipeline, folder: OutsideFolder) -> None:
    folder.features("repeat-00", lambda clip: f"{clip.name}@1")
    found = measured(pipeline, planned(folder))
    assert found["num_repeats"] == 1
    assert "multimodality" not in found["summaries"]
    more = planned(folder, repeats=1)
    assert measured(pipeline, more)["repeats"] == found["repeats"]


def test_repeats_beyond_the_protocol_are_left_alone(
    pipeline: Pipeline, folder: OutsideFolder
) -> None:
    for repeat in range(3):
        folder.features(f"repeat-{repeat:02}", lambda clip: f"{clip.name}@0")
    stage = planned(folder)
    assert measured(pipeline, stage)["num_repeats"] == 2
    assert measured(pipeline, stage, GIVEN)["num_repeats"] == 3


@pytest.mark.parametrize("form", ["joints", "bvh"])
def test_joints_and_bvh_are_measured_as_their_features(
    pipeline: Pipeline, folder: OutsideFolder, form: str
) -> None:
    getattr(folder, form)()
    stage = planned(folder)
    found, real = (measured(pipeline, stage, name)["summaries"] for name in (RESULT, REAL))
    assert found["fid"]["mean"] < 1e-3
    for name in ("mm_distance", "diversity"):
        assert found[name]["mean"] == pytest.approx(real[name]["mean"], rel=1e-2), name
    assert found["top3"]["mean"] == pytest.approx(real["top3"]["mean"], abs=0.1)


def test_the_manifest_can_say_which_text_is_answered(
    pipeline: Pipeline, folder: OutsideFolder
) -> None:
    folder.features()
    texts = {f"{clip.name}.npy": clip.captions[2].text.upper() for clip in folder.clips}
    (folder.path / "manifest.json").write_text(json.dumps({"texts": texts}))
    by_text = measured(pipeline, planned(folder))
    for clip in folder.clips:
        (folder.path / f"{clip.name}.npy").rename(folder.path / f"{clip.name}@2.npy")
    (folder.path / "manifest.json").unlink()
    assert measured(pipeline, planned(folder)) == by_text


def many(folder: OutsideFolder, place: str, clips: Sequence[Any], num_samples: int) -> None:
    for clip in clips:
        for number in range(num_samples):
            scaled = folder.real(clip) * (1 + 0.1 * number)
            folder.save(f"{place}multimodality/{clip.name}@0/{number}.npy", scaled)


def test_multimodality_of_several_motions_of_an_instruction(
    pipeline: Pipeline, folder: OutsideFolder
) -> None:
    for repeat in range(2):
        folder.features(f"repeat-{repeat:02}", lambda clip: f"{clip.name}@0")
    many(folder, "", folder.clips[:5], 4)
    stage = planned(folder)
    shared = measured(pipeline, stage)
    assert shared["summaries"]["multimodality"]["mean"] > 0
    given = measured(pipeline, stage, GIVEN)
    assert (given["multimodality_captions"], given["multimodality_samples"]) == (5, 4)
    # The same motions as each repeat's own: the same pairs are drawn of them.
    (folder.path / "multimodality").rename(folder.path / "repeat-00" / "multimodality")
    many(folder, "repeat-01/", folder.clips[:5], 4)
    assert measured(pipeline, planned(folder)) == shared


@pytest.mark.parametrize(
    ("place", "num_samples", "message"),
    [
        ("", 1, "MultiModality in repeat 0: instructions have 1 motions each; .* at least 2"),
        ("repeat-01/", 3, "some repeats have motions for MultiModality, and repeat 0 has none"),
    ],
)
def test_too_little_for_multimodality(
    pipeline: Pipeline,
    folder: OutsideFolder,
    tmp_path: Path,
    place: str,
    num_samples: int,
    message: str,
) -> None:
    for repeat in range(2):
        folder.features(f"repeat-{repeat:02}", lambda clip: f"{clip.name}@0")
    many(folder, place, folder.clips[:2], num_samples)
    found = problems(pipeline, planned(folder), tmp_path / "scratch")
    assert any(re.search(message, problem) for problem in found)


def test_missing_clips_are_left_out_only_where_that_is_allowed(
    pipeline: Pipeline, folder: OutsideFolder, tmp_path: Path
) -> None:
    for repeat in range(2):
        folder.features(f"repeat-{repeat:02}", lambda clip: f"{clip.name}@0")
    gone = [clip.name for clip in folder.clips[:3]]
    (folder.path / "repeat-00" / f"{gone[0]}@0.npy").unlink()
    (folder.path / "repeat-01" / f"{gone[1]}@0.npy").unlink()
    (folder.path / "repeat-01" / f"{gone[2]}@0.npy").unlink()
    (problem,) = problems(pipeline, planned(folder), tmp_path / "scratch")
    assert "3 of 32 clips have no motion in every repeat (demo_" in problem
    assert "--allow-missing" in problem
    stage = planned(folder, allow_missing=True)
    found = measured(pipeline, stage)
    assert found["num_clips"] == 29
    assert found["summaries"]["fid"]["mean"] == pytest.approx(0, abs=1e-6)
    assert measured(pipeline, stage, REAL)["num_clips"] == 29
    assert measured(pipeline, stage, GIVEN)["missing"] == gone


def test_every_problem_is_named_at_once(
    pipeline: Pipeline, folder: OutsideFolder, tmp_path: Path
) -> None:
    folder.features(name=lambda clip: f"{clip.name}@0")
    one, two, three, four, five = (clip.name for clip in folder.clips[:5])
    real = folder.real(folder.clips[0])
    train = folder.dataset.split("train")[0].name
    folder.save(f"{one}@0.npy", real[:, :251])
    folder.save(f"{two}@0.npy", np.full_like(real, np.nan))
    folder.save(f"{three}@0.npy", np.concatenate([real, real, real]))
    folder.save(f"{four}.npy", real)
    folder.save(f"{five}@7.npy", real)
    folder.save("nobody@0.npy", real)
    folder.save(f"{train}@0.npy", real)
    (folder.path / f"{folder.clips[6].name}@0.bvh").write_text("HIERARCHY")
    (folder.path / f"{folder.clips[7].name}@0.npy").unlink()
    content = {"texts": {"none.npy": "a", f"{folder.clips[8].name}@0.npy": "another text"}}
    (folder.path / "manifest.json").write_text(json.dumps(content))
    found = problems(pipeline, planned(folder), tmp_path / "scratch")
    for said in (
        "251); humanml3d_22 needs features",
        "not finite",
        " frames where ",
        f"{four} has 3 instructions; say which is answered: {four}@0",
        f"instructions of {five} are numbered 0 to 2",
        "nobody is no clip of the data set",
        f"{train} is in the train split, and the test split is measured",
        f"{folder.clips[6].name}@0.npy: answers the same instruction as",
        "no MOTION section",
        "2 of 32 clips have no motion",
        "a text of none.npy, which is not there",
        "'another text', which is no such instruction",
    ):
        assert sum(said in problem for problem in found) == 1, said
    assert len(found) == 12


@pytest.mark.parametrize(
    "change",
    [
        lambda features, stats: (features - stats.mean) / stats.std,
        lambda features, stats: features * 100,
    ],
)
def test_other_numbers_than_features_are_refused(
    pipeline: Pipeline,
    folder: OutsideFolder,
    tmp_path: Path,
    change: Callable[[np.ndarray, Any], np.ndarray],
) -> None:
    for clip in folder.clips:
        changed = change(folder.real(clip), folder.dataset.stats).astype(np.float32)
        folder.save(f"{clip.name}@0.npy", changed)
    (problem,) = problems(pipeline, planned(folder), tmp_path / "scratch")
    assert "features must not be normalised" in problem


def test_a_motion_of_the_asked_length_or_a_token_less_is_right(
    pipeline: Pipeline, folder: OutsideFolder, tmp_path: Path
) -> None:
    for place, clip in enumerate(folder.clips):
        length = clip.num_frames // 4 * 4 - (0, 4, 5, 6)[place % 4]
        folder.save(f"{clip.name}@0.npy", folder.real(clip)[:length])
    found = problems(pipeline, planned(folder), tmp_path / "scratch")
    assert len(found) == len(folder.clips) // 4
    assert all("leave padding out" in problem for problem in found)


def test_the_same_files_elsewhere_are_the_same_measurement(
    pipeline: Pipeline, folder: OutsideFolder, tmp_path: Path
) -> None:
    folder.features(name=lambda clip: f"{clip.name}@0")
    first = planned(folder)
    elsewhere = OutsideFolder(folder.path.rename(tmp_path / "elsewhere"), folder.dataset)
    second = planned(elsewhere)
    assert second.fingerprint == first.fingerprint
    assert second.config.folder != first.config.folder
    elsewhere.save(f"{folder.clips[0].name}@0.npy", folder.real(folder.clips[0])[:-1])
    assert planned(elsewhere).fingerprint != first.fingerprint
    (problem,) = problems(pipeline, second, tmp_path / "scratch")
    assert "has changed since the plan was made" in problem


def test_a_measurement_that_was_killed_continues(
    pipeline: Pipeline, folder: OutsideFolder, tmp_path: Path
) -> None:
    all_captions(folder, "repeat-00")
    all_captions(folder, "repeat-01")
    stage, scratch = planned(folder), tmp_path / "scratch"
    whole = measured(pipeline, stage)
    scratch.mkdir()
    (scratch / "given-000.json").write_text(json.dumps(whole["repeats"][0] | {"num_pools": 77}))
    stage.run(pipeline.context(stage, scratch))
    repeats = read_json(scratch / RESULT)["repeats"]
    assert repeats[0]["num_pools"] == 77
    assert repeats[1] == whole["repeats"][1]
