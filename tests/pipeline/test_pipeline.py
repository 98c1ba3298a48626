"""A saved system answers: alike in a batch, alone, from the folder and from the launch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audiomotion.errors import ConfigError, DataError, ModelError
from audiomotion.pipeline import AudioToMotionPipeline
from audiomotion.pipeline.motion import GeneratedMotion
from audiomotion.speech.audio_file import read_audio


def test_a_recording_becomes_a_motion(motion: GeneratedMotion) -> None:
    assert motion.features.shape == (32, 263)
    assert motion.joints.shape == (32, 22, 3)
    assert (motion.fps, motion.seconds, motion.length_from) == (20.0, 1.6, "given")
    assert motion.skating_m_per_s >= 0


def test_the_length_is_estimated_where_none_is_given(
    pipeline: AudioToMotionPipeline, spoken: Path
) -> None:
    made = pipeline(spoken)
    assert made.length_from == "estimated"
    assert 0 < len(made.features) <= 200 and len(made.features) % 4 == 0


def test_a_motion_hangs_on_its_instruction_length_and_seed_alone(
    pipeline: AudioToMotionPipeline, spoken: Path, motion: GeneratedMotion
) -> None:
    samples = read_audio(spoken)
    noisy = samples + np.float32(0.01) * np.sin(np.arange(len(samples)), dtype=np.float32)
    first, longer = pipeline([samples, noisy], seconds=[1.6, 4.0])
    np.testing.assert_allclose(first.features, motion.features, atol=1e-4)
    assert len(longer.features) == 80
    drawn_anew = pipeline(spoken, seconds=1.6, seed=1)
    assert not np.allclose(drawn_anew.features, motion.features, atol=1e-4)


def test_guidance_is_one_scale_or_two(
    pipeline: AudioToMotionPipeline, spoken: Path, motion: GeneratedMotion
) -> None:
    configured = pipeline.config.experiment.generation
    both = (configured.masked.guidance_scale, configured.residual.guidance_scale)
    same = pipeline(spoken, seconds=1.6, guidance=both)
    np.testing.assert_array_equal(same.features, motion.features)
    assert pipeline._guided(2.5).config.residual.guidance_scale == 2.5
    with pytest.raises(ConfigError, match="guidance -1"):
        pipeline(spoken, seconds=1.6, guidance=-1)


def test_a_text_is_spoken_first_and_that_is_said(exported: Path) -> None:
    said: list[str] = []
    loaded = AudioToMotionPipeline.from_pretrained(exported, say=said.append)
    made = loaded("a person walks", seconds=1.0)
    assert said == [one for one in said if one.startswith("this system hears: the text is spoken")]
    assert "voice" in made.notes[0] and made.waveform is not None


def test_a_launch_answers_as_its_folder_does(
    launched: Path, spoken: Path, motion: GeneratedMotion
) -> None:
    loaded = AudioToMotionPipeline.from_pretrained("tiny", store=str(launched))
    np.testing.assert_array_equal(loaded(spoken, seconds=1.6).features, motion.features)


def test_a_length_that_no_motion_has(pipeline: AudioToMotionPipeline, spoken: Path) -> None:
    for seconds in (0.0, -1.0, 0.01, 1e9, float("nan")):
        with pytest.raises(ConfigError, match="no length of a motion"):
            pipeline(spoken, seconds=seconds)
    assert any("longer than any motion" in note for note in pipeline(spoken, seconds=12).notes)


def test_without_an_estimator_the_length_must_be_given(
    pipeline: AudioToMotionPipeline, spoken: Path
) -> None:
    without = AudioToMotionPipeline(pipeline.config, pipeline.system, None, pipeline.encoder)
    with pytest.raises(ConfigError, match="give --seconds"):
        without(spoken)


def test_nothing_in_nothing_out(pipeline: AudioToMotionPipeline) -> None:
    assert pipeline([]) == []
    with pytest.raises(ConfigError, match="2 lengths for 0"):
        pipeline([], seconds=[1.0, 2.0])


def test_another_device_is_asked_for(own_copy: Path) -> None:
    loaded = AudioToMotionPipeline.from_pretrained(own_copy)
    assert loaded.to("cpu") is loaded
    with pytest.raises(ModelError, match="device 'nowhere'"):
        loaded.to("nowhere")


@pytest.mark.parametrize("part", ["rvq", "masked", "residual", "length"])
def test_damaged_weights_are_a_sentence(own_copy: Path, part: str) -> None:
    (own_copy / f"{part}.safetensors").write_bytes(b"\x80\x04nothing of ours")
    with pytest.raises(ModelError, match=part):
        AudioToMotionPipeline.from_pretrained(own_copy)


def test_nothing_is_ever_unpickled(own_copy: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (own_copy / "sprung",))  # type: ignore[return-value]

    harm = np.empty(1, dtype=object)
    harm[0] = Trap()
    np.savez(own_copy / "stats.npz", mean=harm, std=harm)
    with pytest.raises(DataError, match=r"stats\.npz cannot be read"):
        AudioToMotionPipeline.from_pretrained(own_copy)
    assert not (own_copy / "sprung").exists()


def test_what_is_no_saved_system(own_copy: Path, tmp_path: Path, launched: Path) -> None:
    (own_copy / "config.json").write_text('{"format": 99}')
    with pytest.raises(DataError, match="format 99"):
        AudioToMotionPipeline.from_pretrained(own_copy)
    with pytest.raises(ConfigError, match=r"has no config\.json"):
        AudioToMotionPipeline.from_pretrained(launched)
    with pytest.raises(ConfigError, match="nonsense"):
        AudioToMotionPipeline.from_pretrained("nonsense", store=str(launched))


def test_a_folder_needs_neither_ray_nor_mlflow(exported: Path) -> None:
    program = (
        "import sys\n"
        "from audiomotion.pipeline import AudioToMotionPipeline\n"
        f"AudioToMotionPipeline.from_pretrained({str(exported)!r})\n"
        "print({'ray', 'mlflow', 'optuna', 'matplotlib'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
