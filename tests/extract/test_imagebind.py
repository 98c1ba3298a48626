import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.config.extractors import ImageBindConfig
from audiomotion.extract.fbank import KaldiFbank
from audiomotion.extract.imagebind import (
    CLIP_SAMPLES,
    ImageBind,
    embedding_clips,
    mel_image,
    num_frames,
    windows,
)
from tests.golden import load_golden


def tiny(output: str = "frames") -> ImageBind:
    return ImageBind(ImageBindConfig(weights="random", random_size="tiny", output=output))


def test_the_mel_image_is_the_published_one():
    golden = load_golden("audio_frontend")
    image = mel_image(KaldiFbank(), torch.from_numpy(golden["waveform"])).numpy()
    assert image.shape == (128, 204)
    # 2e-3 before the division by 9.138.
    assert np.abs(image - (golden["melspec"] + 4.268) / 9.138).max() < 2e-3 / 9.138
    assert np.abs(image[:4] - golden["normalised_first4bins"]).max() < 2e-3 / 9.138


def test_a_short_clip_is_filled_with_zero_frames_not_silence():
    golden = load_golden("audio_frontend")
    image = mel_image(KaldiFbank(), torch.from_numpy(golden["waveform"][:16_000])).numpy()
    padded = (golden["melspec_1s_padded"] + 4.268) / 9.138
    assert np.abs(image[:, 90:110] - padded).max() < 2e-3 / 9.138
    assert np.allclose(image[:, 98:], 0.467, atol=1e-4)


def test_the_embeddings_clips_are_the_published_ones():
    golden = load_golden("audio_frontend")
    spans = (golden["clip_durations"], golden["clip_starts"], golden["clip_ends"])
    for duration, starts, ends in zip(*spans, strict=True):
        wave = np.arange(int(duration * 16_000), dtype=np.float32)
        clips = embedding_clips(wave)
        assert [clip[0] for clip in clips] == [int(start * 16_000) for start in starts]
        # A file shorter than 2 s ends before its clips do.
        last = np.minimum(ends * 16_000, wave.size).astype(int) - 1
        assert [clip[-1] for clip in clips] == last.tolist()


@given(samples=st.integers(400, 200_000))
def test_windows_cover_the_utterance_and_frames_come_at_their_rate(samples):
    cut = windows(np.arange(samples, dtype=np.float32))
    covered = np.concatenate(cut)
    assert np.array_equal(covered, np.arange(covered.size))
    assert samples - covered.size < 0.06 * 16_000
    frames = sum(max(1, num_frames(window.size)) for window in cut)
    assert abs(frames - samples * 9.5 / 16_000) <= 1


@given(samples=st.integers(400, CLIP_SAMPLES))
def test_every_frame_sees_audio(samples):
    """Frame k reads mel frames 10k to 10k + 15, of which a window has 1 + (S - 400) // 160."""
    assert 10 * (max(1, num_frames(samples)) - 1) < 1 + (samples - 400) // 160


def test_frames_are_the_windows_frames_one_after_the_other():
    wave = (np.random.default_rng(0).standard_normal(80_000) * 0.1).astype(np.float32)
    extractor = tiny()
    whole, first, second, rest = extractor.extract(
        [wave, wave[:32_000], wave[32_000:64_000], wave[64_000:]]
    )
    assert [len(first), len(second), len(rest)] == [19, 19, 10]
    assert np.allclose(whole, np.concatenate([first, second, rest]), atol=1e-5)


def test_frames_are_in_time_order():
    quiet = np.zeros(32_000, dtype=np.float32)
    quiet[-1] = 0.001  # silence at the end would be cut off
    click = quiet.copy()
    click[16_000:16_400] = 0.5 * np.sin(np.arange(400))
    extractor = tiny()
    before, after = extractor.extract([quiet, click])
    changed = np.abs(after - before).mean(axis=1)
    assert int(np.argmax(changed)) in (9, 10)


def test_the_embedding_is_the_mean_of_its_clips():
    wave = (np.random.default_rng(0).standard_normal(80_000) * 0.1).astype(np.float32)
    extractor = tiny("embedding")
    assert extractor.feature_dim == 1024
    assert extractor.frame_hz == 0
    whole, *clips = extractor.extract([wave, *embedding_clips(wave)])
    assert whole.shape == (1, 1024)
    assert np.allclose(whole, np.mean(clips, axis=0), atol=1e-5)
    assert np.linalg.norm(clips[0]) == pytest.approx(20, rel=1e-4)
