"""Which clips a page shows, and what it says of how each was asked for."""

from dataclasses import replace

import numpy as np
import pytest

from audiomotion.report.page.scenes import NUM_SCENES, scenes_of, shown_arms
from audiomotion.report.page.viewer import files_of
from tests.report.page.stores import NUM_EXAMPLES, PageStore, experiments


@pytest.fixture
def held(tmp_path):
    return PageStore(tmp_path / "store")


def scenes(held, record):
    return scenes_of(record, held.store.artifact_root)


def test_every_arm_answers_every_clip(launched):
    held, record = launched
    found = scenes(held, record)
    clips = held.dataset.split("test")[:NUM_EXAMPLES]
    assert [scene.clip for scene in found] == [clip.name for clip in clips]
    for scene, clip in zip(found, clips, strict=True):
        assert list(scene.answers) == ["wavlm", "encodec", "imagebind", "log-mel"]
        assert scene.wordings[0].text == clip.captions[0].text
        assert scene.real.shape == (clip.num_frames, 22, 3)


def test_an_answer_is_what_the_arm_generated(launched):
    held, record = launched
    for scene in scenes(held, record):
        for place, answer in enumerate(scene.answers.values()):
            higher = (answer.joints - scene.real)[:, 0, 1]
            assert np.allclose(higher, 0.1 * place, atol=1e-5)


def test_an_arm_is_shown_by_its_first_seed_with_a_result(launched):
    _, record = launched
    first = replace(record.arms[0], status="failed", reason="nan")
    arms = shown_arms(replace(record, arms=(first, *record.arms[1:])))
    assert (arms["wavlm"].seed, arms["encodec"].seed) == (1, 0)


def test_clips_that_most_arms_answered_come_first(held):
    one = experiments("feature-extractor")["wavlm"]
    arms = [
        held.arm("a", experiment=one),
        held.arm("b", experiment=one, first=1),
        held.arm("c", experiment=one, first=4),
    ]
    found = scenes(held, held.launch("feature-extractor", *arms))
    assert len(found) == NUM_SCENES
    assert [list(scene.answers) for scene in found] == [
        ["a"], ["a", "b"], ["a", "b"], ["b"], ["c"], ["c"]
    ]  # fmt: skip


def test_training_data_shows_the_oral_and_the_original_instruction(held):
    """As the paper's figure 6."""
    arms = [
        held.arm(name, experiment=experiment)
        for name, experiment in experiments("training-data").items()
    ]
    for scene in scenes(held, held.launch("training-data", *arms)):
        oral, original = scene.wordings
        assert (oral.variant, original.variant) == ("oral", "original")
        clip = next(clip for clip in held.dataset.clips if clip.name == scene.clip)
        assert oral.text in clip.captions[0].oral
        assert original.text == clip.captions[0].text
        assert oral.spoken.speech == "speak-oral"
        assert original.spoken.speech == "speak-original"  # an arm was trained on it
        assert len(scene.answers) == 4


def test_pipeline_shows_what_the_cascade_heard(held):
    """As the paper's figure 7."""
    arms = [
        held.arm(name, experiment=experiment, heard="walk for words")
        for name, experiment in experiments("pipeline").items()
    ]
    for scene in scenes(held, held.launch("pipeline", *arms)):
        assert scene.answers["end-to-end"].heard == ""
        assert scene.answers["cascade"].heard == "walk for words"
        assert len(scene.wordings) == 1


def test_what_nobody_hears_has_no_audio(held):
    one = experiments("condition")["text"]
    found = scenes(held, held.launch("condition", held.arm("text", experiment=one)))
    assert {wording.spoken for scene in found for wording in scene.wordings} == {None}
    assert files_of(found) == {}


def test_only_the_audio_of_the_scenes_is_asked_for(launched):
    held, record = launched
    assert files_of(scenes(held, record)) == {"speak-original": ["wav/to/tone.wav"] * NUM_EXAMPLES}


def test_an_evaluation_without_examples_gives_no_scene(held):
    one = experiments("feature-extractor")["wavlm"]
    arm = held.arm("a", experiment=one)
    for path in held.folder("evaluation", "a-0").glob("examples*"):
        path.unlink()
    assert scenes(held, held.launch("feature-extractor", arm)) == []
