import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import WavLMConfig as WavLMArchitecture
from transformers import WavLMModel

from audiomotion.config.extractors import WavLMConfig
from audiomotion.errors import ModelError
from audiomotion.extract.wavlm import WavLM, _large

WAVE = (np.random.default_rng(0).standard_normal(16_000) * 0.1).astype(np.float32)


def small(**changes) -> WavLMArchitecture:
    return WavLMArchitecture(
        **{
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "conv_dim": (8,) * 7,
            "num_conv_pos_embeddings": 16,
            "num_conv_pos_embedding_groups": 2,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def model() -> WavLMModel:
    torch.manual_seed(5)
    return WavLMModel(small()).eval()


@pytest.fixture
def folder(model: WavLMModel, tmp_path: Path) -> Path:
    model.save_pretrained(tmp_path / "weights")
    return tmp_path / "weights"


def reference(model: WavLMModel, wave: np.ndarray = WAVE) -> np.ndarray:
    with torch.no_grad():
        return model(torch.from_numpy(wave)[None]).last_hidden_state[0].numpy()


def load(folder: Path) -> WavLM:
    return WavLM(WavLMConfig(weights=str(folder)))


def test_a_saved_folder_gives_the_models_last_layer(model, folder):
    extractor = load(folder)
    assert extractor.feature_dim == 32
    assert extractor.frame_hz == 50
    assert np.allclose(extractor.extract([WAVE])[0], reference(model), atol=1e-6)


@pytest.mark.parametrize("stable", [False, True])
def test_mix_gives_what_every_layer_reads_and_the_last_one_gives(stable, tmp_path):
    """As SUPERB's upstreams hook it, measured here with hooks of our own too."""
    norm = "layer" if stable else "group"
    model = WavLMModel(small(do_stable_layer_norm=stable, feat_extract_norm=norm)).eval()
    model.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": false}')
    extractor = WavLM(WavLMConfig(weights=str(tmp_path), layers="mix"))
    assert (extractor.num_layers, extractor.feature_dim) == (3, 96)

    read: list[torch.Tensor] = []
    for layer in model.encoder.layers:
        layer.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].clone()))
    with torch.no_grad():
        output = model(torch.from_numpy(WAVE)[None], output_hidden_states=True)
    (frames,) = extractor.extract([WAVE])
    hooked = torch.cat([*read, output.last_hidden_state], dim=-1)[0].numpy()
    assert frames.shape == (49, 96)
    assert np.allclose(frames, hooked, atol=1e-5)
    if not stable:
        own = torch.cat(output.hidden_states, dim=-1)[0].numpy()
        assert np.allclose(frames, own, atol=1e-5)


def test_large_has_the_published_size():
    with torch.device("meta"):
        model = WavLMModel(_large())
    # 315.5 million as published (wavlm-large).
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(315.5e6, rel=0.005)


def test_the_published_layout_loads(model, folder, tmp_path):
    """The hub's WavLM is a pytorch_model.bin with weight norm under its old names."""
    published = tmp_path / "published"
    published.mkdir()
    shutil.copy(folder / "config.json", published)
    state = model.state_dict()
    for new, old in (("original0", "weight_g"), ("original1", "weight_v")):
        name = f"encoder.pos_conv_embed.conv.parametrizations.weight.{new}"
        state[f"encoder.pos_conv_embed.conv.{old}"] = state.pop(name)
    state.pop("masked_spec_embed")
    torch.save(state, published / "pytorch_model.bin")
    assert np.allclose(load(published).extract([WAVE])[0], reference(model), atol=1e-6)


@pytest.mark.parametrize(("norm", "wanted"), [("group", False), ("layer", True)])
def test_audio_is_normalised_where_the_weights_want_it(norm, wanted, tmp_path, caplog):
    model = WavLMModel(small(feat_extract_norm=norm)).eval()
    model.save_pretrained(tmp_path)
    normalised = (WAVE - WAVE.mean()) / np.sqrt(WAVE.var() + 1e-7)
    expected = reference(model, normalised if wanted else WAVE)
    assert np.allclose(load(tmp_path).extract([WAVE])[0], expected, atol=1e-4)
    assert "no preprocessor_config.json" in caplog.text

    caplog.clear()
    stated = {"do_normalize": not wanted, "sampling_rate": 16_000}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(stated))
    expected = reference(model, WAVE if wanted else normalised)
    assert np.allclose(load(tmp_path).extract([WAVE])[0], expected, atol=1e-4)
    assert "preprocessor_config" not in caplog.text


def test_missing_and_misshapen_tensors_are_named(model, folder):
    state = model.state_dict()
    del state["encoder.layers.1.final_layer_norm.weight"]
    state["feature_projection.projection.bias"] = torch.zeros(7)
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    with pytest.raises(ModelError) as error:
        load(folder)
    assert "1 missing tensors (encoder.layers.1.final_layer_norm.weight)" in str(error.value)
    assert "another shape (feature_projection.projection.bias)" in str(error.value)


def test_missing_tensors_do_not_move_the_random_state(model, folder):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    before = torch.get_rng_state()
    with pytest.raises(ModelError, match=r"and \d+ more"):
        load(folder)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_adapter_is_refused(tmp_path):
    WavLMModel(small(add_adapter=True)).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="with an adapter"):
        load(tmp_path)


def test_base_has_the_published_size():
    extractor = WavLM(WavLMConfig(weights="random", random_size="base"))
    assert extractor.feature_dim == 768
    assert extractor.frame_hz == 50
    # 94.7 million as published (wavlm-base-plus).
    assert sum(p.numel() for p in extractor._model.parameters()) == pytest.approx(94.4e6, rel=0.01)


ALIKE = [
    (np.random.default_rng(samples).standard_normal(samples) * 0.1).astype(np.float32)
    for samples in (20_000, 21_999, 20_400, 20_401, 21_000, 20_000)
]


@pytest.mark.parametrize("layers", ["last", "mix"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"feat_extract_norm": "layer", "do_stable_layer_norm": True},
        {"conv_bias": True},
    ],
    ids=["base", "large", "bias"],
)
def test_frames_do_not_see_what_fills_up_the_batch(tmp_path, changes, layers):
    torch.manual_seed(6)
    WavLMModel(small(**changes)).save_pretrained(tmp_path)
    extractor = WavLM(WavLMConfig(weights=str(tmp_path), layers=layers))
    alone = [extractor.extract([wave])[0] for wave in ALIKE]
    sizes = [wave.size for wave in ALIKE]
    assert extractor.computed_samples(sizes) == sum(sizes)
    extractor.max_batch_samples = 1_000_000
    assert extractor.computed_samples(sizes) == len(sizes) * max(sizes)  # one batch
    for together, single in zip(extractor.extract(ALIKE), alone, strict=True):
        assert together.shape == single.shape
        assert np.abs(together - single).max() < 1e-5


def test_the_published_norm_would_see_it(model, folder):
    """Without the norm over each waveform's own samples the frames would be others."""
    extractor = load(folder)
    extractor.max_batch_samples = 1_000_000
    norm = extractor._model.feature_extractor.conv_layers[0].layer_norm
    extractor._model.feature_extractor.conv_layers[0].layer_norm = norm.norm
    together = extractor.extract(ALIKE)[0]
    assert np.abs(together - reference(model, ALIKE[0])).max() > 1e-3
