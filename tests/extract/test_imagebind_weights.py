import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from audiomotion.config.extractors import ImageBindConfig
from audiomotion.errors import ConfigError, ModelError
from audiomotion.extract.imagebind import ImageBind
from audiomotion.extract.imagebind_trunk import HUGE, AudioBranch
from audiomotion.extract.imagebind_weights import load_branch, random_branch

SCALE = "modality_postprocessors.audio.1.log_logit_scale"


def config(weights: object, **fields) -> ImageBindConfig:
    return ImageBindConfig(weights=str(weights), **fields)


def compact_checkpoint(**changes) -> dict[str, torch.Tensor]:
    """All published audio tensors, each one value repeated, so that the file stays small."""
    with torch.device("meta"):
        shapes = {key: tensor.shape for key, tensor in AudioBranch(HUGE).state_dict().items()}
    state = {
        key: torch.full((), 0.01 * (1 + place % 7)).expand(shape)
        for place, (key, shape) in enumerate(shapes.items())
    }
    vision = {"modality_trunks.vision.blocks.0.norm_1.weight": torch.ones(1280)}
    return {**vision, **state, **changes}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "imagebind_huge.pth"
    torch.save(compact_checkpoint(), path)
    return path


def test_a_file_in_published_layout_loads_alone_or_by_its_folder(checkpoint, caplog):
    for weights in (checkpoint, checkpoint.parent):
        caplog.clear()
        state = load_branch(config(weights)).state_dict()
        expected = compact_checkpoint()
        assert all(torch.equal(tensor, expected[key]) for key, tensor in state.items())
        assert "CC BY-NC-SA 4.0, NO commercial use" in caplog.text


def test_the_loaded_branch_outlives_its_file(checkpoint):
    branch = load_branch(config(checkpoint))
    checkpoint.write_bytes(b"gone")
    assert float(branch.state_dict()["modality_preprocessors.audio.cls_token"].mean()) > 0


def test_loaded_weights_extract(checkpoint):
    extractor = ImageBind(config(checkpoint))
    (frames,) = extractor.extract([np.zeros(400, dtype=np.float32)])
    assert frames.shape == (1, 768)
    assert np.isfinite(frames).all()


def test_files_of_older_torch_load(tmp_path):
    path = tmp_path / "old.pth"
    torch.save(compact_checkpoint(), path, _use_new_zipfile_serialization=False)
    assert SCALE in load_branch(config(path)).state_dict()


def test_half_precision_files_give_float32(tmp_path):
    path = tmp_path / "half.pth"
    torch.save({key: tensor.half() for key, tensor in compact_checkpoint().items()}, path)
    dtypes = {tensor.dtype for tensor in load_branch(config(path)).state_dict().values()}
    assert dtypes == {torch.float32}


def test_missing_and_misshapen_tensors_are_named(tmp_path):
    state = compact_checkpoint(**{"modality_heads.audio.2.weight": torch.zeros(1024, 1280)})
    del state["modality_trunks.audio.blocks.11.attn.bias_k"]
    torch.save(state, tmp_path / "imagebind_huge.pth")
    with pytest.raises(ModelError) as error:
        load_branch(config(tmp_path))
    assert "missing tensors (modality_trunks.audio.blocks.11.attn.bias_k)" in str(error.value)
    assert "of another shape (modality_heads.audio.2.weight)" in str(error.value)


def test_values_that_are_not_numbers_are_damage(tmp_path):
    broken = {"modality_heads.audio.0.bias": torch.full((768,), torch.nan)}
    torch.save(compact_checkpoint(**broken), tmp_path / "imagebind_huge.pth")
    with pytest.raises(ModelError, match=r"modality_heads\.audio\.0\.bias has NaN"):
        load_branch(config(tmp_path))


@pytest.mark.parametrize("keep", [0, 3, 100, -100, -5000])
def test_a_truncated_file_is_damage(checkpoint, keep):
    checkpoint.write_bytes(checkpoint.read_bytes()[:keep])
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load_branch(config(checkpoint))


def test_no_tensors_is_damage(checkpoint):
    torch.save([torch.zeros(3)], checkpoint)
    with pytest.raises(ModelError, match="holds a list"):
        load_branch(config(checkpoint))


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("plain", [True, False])
def test_code_in_a_pickle_does_not_run(checkpoint, tmp_path, plain):
    trap = {"weight": Trap(tmp_path / "ran")}
    if plain:
        checkpoint.write_bytes(pickle.dumps(trap, protocol=2))
    else:
        torch.save(trap, checkpoint)
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load_branch(config(checkpoint))
    assert not (tmp_path / "ran").exists()


def test_no_file_says_where_to_get_it(tmp_path):
    with pytest.raises(
        ModelError, match=r"there is no file .*4804 MB, https://dl\.fbaipublicfiles"
    ):
        load_branch(config(tmp_path))


def test_a_file_has_no_revision(checkpoint):
    with pytest.raises(ConfigError, match=r"extractor\.revision"):
        load_branch(config(checkpoint, revision="v1"))


def test_base_has_the_published_size():
    branch = random_branch(config("random", random_size="base"))
    assert sum(p.numel() for p in branch.parameters()) == 86_235_648
