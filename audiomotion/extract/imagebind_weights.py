"""Reading the audio branch out of ImageBind's published checkpoint."""

import zipfile
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file
from torch import Tensor

from audiomotion.config.extractors import ImageBindConfig
from audiomotion.errors import ConfigError, ModelError
from audiomotion.extract.imagebind_trunk import HUGE, TINY, AudioBranch, TrunkSize
from audiomotion.extract.inference import seeded
from audiomotion.pretrained.loading import UNREADABLE, check_tensors, damaged
from audiomotion.pretrained.weights_facts import log_licence, weights_facts

_FILE: Final = "imagebind_huge.pth"
_FACTS: Final = weights_facts(_FILE)


def random_branch(config: ImageBindConfig) -> AudioBranch:
    """Return a branch with random weights decided by the seed alone."""
    with seeded(config.random_seed):
        return AudioBranch(TINY if config.random_size == "tiny" else HUGE)


def load_branch(config: ImageBindConfig) -> AudioBranch:
    """Load the audio tensors of `imagebind_huge.pth`, or of a file with only those.

    The file is memory-mapped: of its 4.8 GB only the audio branch's 345 MB are read.

    Raises:
        ModelError: No such file; it is damaged or more than tensors; tensors are missing or of
            another shape.
        ConfigError: A revision is given, which a file does not have.
    """
    assert _FACTS is not None
    if config.revision is not None:
        raise ConfigError(
            f"extractor.revision: {config.revision!r} is for hub ids, but ImageBind's weights are "
            "a file; remove the revision"
        )
    path = _located(config.weights)
    # Whatever the file is called, its tensors fall under the published licence.
    log_licence(_FACTS)
    return _branch(_tensors(path), path, HUGE)


def _located(weights: str) -> Path:
    path = Path(weights).expanduser()
    path = path / _FILE if path.is_dir() else path
    if not path.is_file():
        assert _FACTS is not None
        raise ModelError(
            f"extractor.weights: there is no file {path}; give ImageBind's checkpoint or its "
            f"folder, or random; it is not fetched by itself ({_FACTS.notice})"
        )
    return path


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # Only files in zip form (torch 1.6 and later, the published one too) can be mapped.
        content: Any = torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except UNREADABLE as error:
        raise damaged(path, error) from error
    if not isinstance(content, dict):
        raise damaged(path, ValueError(f"it holds a {type(content).__name__}, not named tensors"))
    return {key: value for key, value in content.items() if isinstance(value, Tensor)}


def _branch(tensors: dict[str, Tensor], path: Path, size: TrunkSize) -> AudioBranch:
    with torch.device("meta"):
        branch = AudioBranch(size)
    shapes = {key: tensor.shape for key, tensor in branch.state_dict().items()}
    missing = shapes.keys() - tensors.keys()
    misshapen = [key for key in shapes.keys() - missing if tensors[key].shape != shapes[key]]
    check_tensors(path, set(missing), sorted(misshapen))
    # Copies, so that the mapped file may be moved or replaced afterwards.
    needed = {key: tensors[key].to(torch.float32, copy=True) for key in shapes}
    broken = sorted(key for key, tensor in needed.items() if not tensor.isfinite().all())
    if broken:
        raise damaged(path, ValueError(f"{broken[0]} has NaN or infinite values"))
    branch.load_state_dict(needed, assign=True)
    return branch
