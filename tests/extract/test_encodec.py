from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import EncodecConfig as EncodecArchitecture
from transformers import EncodecModel

from audiomotion.config.extractors import EncodecConfig
from audiomotion.errors import ModelError
from audiomotion.extract.encodec import Encodec
from audiomotion.speech.resample import resample

WAVE = (np.random.default_rng(0).standard_normal(17_000) * 0.1).astype(np.float32)


def small(**changes) -> EncodecArchitecture:
    return EncodecArchitecture(
        **{"num_filters": 2, "hidden_size": 16, "codebook_size": 8, "num_lstm_layers": 1, **changes}
    )


@pytest.fixture(scope="module")
def model() -> EncodecModel:
    torch.manual_seed(5)
    return EncodecModel(small()).eval()


def reference(model: EncodecModel, wave: np.ndarray) -> np.ndarray:
    audio = torch.from_numpy(resample(wave, 16_000, 24_000))
    with torch.no_grad():
        return model.encoder(audio[None, None])[0].T.numpy()


def load(folder: Path) -> Encodec:
    return Encodec(EncodecConfig(weights=str(folder)))


def test_a_saved_folder_gives_the_encoders_output(model, tmp_path):
    model.save_pretrained(tmp_path)
    extractor = load(tmp_path)
    assert extractor.feature_dim == 16
    assert extractor.frame_hz == 75
    (frames,) = extractor.extract([WAVE[:16_000]])
    assert frames.shape == (75, 16)
    assert np.allclose(frames, reference(model, WAVE[:16_000]), atol=1e-5)


def test_only_an_incomplete_last_frame_differs_from_the_models_own_padding(model, tmp_path):
    model.save_pretrained(tmp_path)
    (frames,) = load(tmp_path).extract([WAVE])
    expected = reference(model, WAVE)
    assert frames.shape == expected.shape
    assert np.allclose(frames[:-1], expected[:-1], atol=1e-5)
    assert not np.allclose(frames[-1], expected[-1], atol=1e-5)


@pytest.mark.parametrize("num_samples", [1, 200, 900, 1500])
def test_frames_of_the_shortest_waveforms_do_not_depend_on_the_batch(num_samples):
    extractor = Encodec(EncodecConfig(weights="random", random_size="tiny"))
    extractor.max_batch_samples = 10_000_000
    (alone,) = extractor.extract([WAVE[:num_samples]])
    together, _ = extractor.extract([WAVE[:num_samples], WAVE])
    assert np.allclose(together, alone, atol=1e-5)


def test_the_published_layout_loads(model, tmp_path):
    """The hub's EnCodec has weight norm under its old names."""
    model.config.save_pretrained(tmp_path)
    names = {
        "parametrizations.weight.original0": "weight_g",
        "parametrizations.weight.original1": "weight_v",
    }
    state = model.state_dict()
    for new, old in names.items():
        state = {key.replace(new, old): tensor for key, tensor in state.items()}
    torch.save(state, tmp_path / "pytorch_model.bin")
    (frames,) = load(tmp_path).extract([WAVE[:16_000]])
    assert np.allclose(frames, reference(model, WAVE[:16_000]), atol=1e-5)


@pytest.fixture
def coding(tmp_path: Path) -> tuple[EncodecModel, Path]:
    """A codec of 1024 codes, each codebook narrower than the one before, and its folder."""
    torch.manual_seed(6)
    model = EncodecModel(small(codebook_size=1024)).eval()
    with torch.no_grad():
        embeddings = model.encoder(0.1 * torch.randn(1, 1, 24_000))
    for place, layer in enumerate(model.quantizer.layers):
        layer.codebook.embed.normal_(std=float(embeddings.std(dim=-1).mean()) * 0.7**place)
        if place == 0:
            layer.codebook.embed += embeddings.mean(dim=-1)
    model.save_pretrained(tmp_path)
    return model, tmp_path


@pytest.mark.parametrize(("kbps", "num_codebooks"), [(1.5, 2), (6.0, 8), (24.0, 32)])
def test_codes_are_what_the_decoder_is_given(coding, kbps, num_codebooks):
    model, folder = coding
    config = EncodecConfig(weights=str(folder), output="codes", bandwidth_kbps=kbps)
    (frames,) = Encodec(config).extract([WAVE[:16_000]])
    audio = torch.from_numpy(resample(WAVE[:16_000], 16_000, 24_000))
    with torch.no_grad():
        codes = model.encode(audio[None, None], bandwidth=kbps).audio_codes[0, 0]
    chosen = zip(model.quantizer.layers, codes, strict=False)
    summed = sum(layer.codebook.embed[code] for layer, code in chosen)
    assert codes.shape == (num_codebooks, 75)
    assert min(layer.unique().numel() for layer in codes) > 10
    assert np.allclose(frames, summed.numpy(), atol=1e-5)


def test_a_bandwidth_the_model_does_not_have_is_refused(coding):
    config = EncodecConfig(weights=str(coding[1]), output="codes", bandwidth_kbps=4)
    with pytest.raises(ModelError, match=r"bandwidth of 4 kbit/s; .* 1\.5, 3, 6, 12, 24"):
        Encodec(config)


def test_more_bandwidth_comes_nearer_to_the_embeddings():
    def extracted(**fields):
        config = EncodecConfig(weights="random", random_size="tiny", **fields)
        return Encodec(config).extract([WAVE])[0]

    embeddings = extracted()
    errors = [
        np.square(extracted(output="codes", bandwidth_kbps=kbps) - embeddings).mean()
        for kbps in (1.5, 6, 24)
    ]
    assert errors[0] > errors[1] > errors[2]


def test_the_48_khz_model_is_refused(tmp_path):
    stereo = small(
        sampling_rate=48_000,
        audio_channels=2,
        use_causal_conv=False,
        normalize=True,
        norm_type="time_group_norm",
        chunk_length_s=1.0,
        overlap=0.01,
    )
    EncodecModel(stereo).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"48000.*needs the mono 24 kHz model"):
        load(tmp_path)


def test_base_has_the_published_size():
    extractor = Encodec(EncodecConfig(weights="random", random_size="base"))
    assert extractor.feature_dim == 128
    assert extractor.frame_hz == 75
    (frames,) = extractor.extract([WAVE])
    assert frames.shape == (80, 128)
    assert frames.std(axis=0).mean() > 0.01
