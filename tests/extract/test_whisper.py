from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import WhisperConfig as WhisperArchitecture
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperModel

from audiomotion.config.extractors import WhisperConfig
from audiomotion.errors import ModelError
from audiomotion.extract.whisper import Whisper

RNG = np.random.default_rng(0)
WAVE = (RNG.standard_normal(5 * 16_000) * 0.1).astype(np.float32)
"""Two windows and a half of the 2 s that these models have."""


def small(**changes) -> WhisperArchitecture:
    return WhisperArchitecture(
        **{
            "d_model": 32,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "decoder_layers": 1,
            "decoder_attention_heads": 2,
            "decoder_ffn_dim": 64,
            "vocab_size": 100,
            "max_source_positions": 100,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 1,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def model() -> WhisperForConditionalGeneration:
    torch.manual_seed(5)
    return WhisperForConditionalGeneration(small()).eval()


@pytest.fixture
def folder(model, tmp_path: Path) -> Path:
    """The published layout: encoder and decoder below `model.`, and how the log-mel is taken."""
    model.save_pretrained(tmp_path / "weights")
    WhisperFeatureExtractor(chunk_length=2).save_pretrained(tmp_path / "weights")
    return tmp_path / "weights"


def load(folder: Path) -> Whisper:
    return Whisper(WhisperConfig(weights=str(folder)))


def reference(model, wave: np.ndarray, **log_mel) -> np.ndarray:
    """All 100 frames of a window of at most 2 s."""
    prepare = WhisperFeatureExtractor(chunk_length=2, **log_mel)
    mel = prepare(wave, sampling_rate=16_000, return_tensors="pt").input_features
    with torch.no_grad():
        return model.get_encoder()(mel).last_hidden_state[0].numpy()


def test_a_saved_folder_gives_the_encoders_last_layer(model, folder, caplog):
    extractor = load(folder)
    assert (extractor.feature_dim, extractor.frame_hz, extractor.num_layers) == (32, 50, 1)
    (frames,) = extractor.extract([WAVE[:16_000]])
    assert frames.shape == (50, 32)
    assert np.allclose(frames, reference(model, WAVE[:16_000])[:50], atol=1e-5)
    assert "no place" not in caplog.text


def test_a_file_without_the_language_model_head_loads(model, folder):
    """WhisperModel names its tensors without `model.` in front."""
    WhisperModel.from_pretrained(folder).save_pretrained(folder)
    assert "encoder.conv1.weight" in load_file(folder / "model.safetensors")
    (frames,) = load(folder).extract([WAVE[:16_000]])
    assert np.allclose(frames, reference(model, WAVE[:16_000])[:50], atol=1e-5)


def test_longer_audio_goes_through_window_by_window(model, folder):
    (frames,) = load(folder).extract([WAVE])
    windows = [WAVE[:32_000], WAVE[32_000:64_000], WAVE[64_000:]]
    expected = np.concatenate([reference(model, window) for window in windows])
    assert frames.shape == (250, 32)
    assert np.allclose(frames, expected[:250], atol=1e-5)


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (320, 1), (321, 2), (32_001, 101)])
def test_a_begun_frame_counts(folder, samples, frames):
    assert len(load(folder).extract([WAVE[:samples]])[0]) == frames


@pytest.mark.parametrize("at_once", [1, 10_000_000])
def test_frames_do_not_depend_on_batch_mates(folder, at_once):
    waves = [WAVE[:7], WAVE, WAVE[:33_000], 5 * WAVE[:16_000]]
    extractor = load(folder)
    alone = [extractor.extract([wave])[0] for wave in waves]
    extractor.max_batch_samples = at_once
    for together, one in zip(extractor.extract(waves), alone, strict=True):
        assert np.abs(together - one).max() <= 1e-5


def test_the_folder_decides_the_mel_bands(tmp_path):
    """large-v3 has 128 of them."""
    model = WhisperForConditionalGeneration(small(num_mel_bins=128)).eval()
    model.save_pretrained(tmp_path)
    WhisperFeatureExtractor(feature_size=128, chunk_length=2).save_pretrained(tmp_path)
    (frames,) = load(tmp_path).extract([WAVE[:32_000]])
    assert np.allclose(frames, reference(model, WAVE[:32_000], feature_size=128), atol=1e-5)


def test_files_that_do_not_belong_together_are_refused(folder):
    WhisperFeatureExtractor(feature_size=128).save_pretrained(folder)
    with pytest.raises(ModelError, match=r"\(128, 16000, 3000\).*takes \(80, 16000, 200\)"):
        load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"n_fft": "x"}'])
def test_a_damaged_preprocessor_config(folder, text):
    (folder / "preprocessor_config.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be read"):
        load(folder)


def test_a_missing_preprocessor_config(folder):
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ModelError, match=r"has no preprocessor_config\.json"):
        load(folder)


def test_missing_encoder_tensors_are_named(folder):
    state = load_file(folder / "model.safetensors")
    del state["model.encoder.layers.1.fc1.bias"]
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"1 missing tensors \(layers\.1\.fc1\.bias\)"):
        load(folder)


def test_random_weights_have_the_published_front_end():
    extractor = Whisper(WhisperConfig(weights="random", random_size="tiny"))
    assert extractor._window_samples == 30 * 16_000
    assert (extractor.feature_dim, extractor.frame_hz) == (64, 50)


def test_base_has_the_size_of_whisper_small():
    extractor = Whisper(WhisperConfig(weights="random", random_size="base"))
    assert extractor.feature_dim == 768
    # 88.2 million in whisper-small's encoder.
    count = sum(p.numel() for p in extractor._encoder.parameters())
    assert count == pytest.approx(88.2e6, rel=0.005)
