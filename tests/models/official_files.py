"""Files and folders as the published systems have them, weights by the fill rule or compact."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiomotion.data.word_vectors import DATA_FILE, INDEX_FILE, WORDS_FILE
from tests.golden import filled_state_dict, golden_keys

MODULES = {
    ("rvq", "humanml3d"): "rvqvae_t2m",
    ("rvq", "kit"): "rvqvae_kit",
    ("evaluator", "humanml3d"): "evaluator_t2m",
    ("evaluator", "kit"): "evaluator_kit",
    "masked": "mask_transformer",
    "residual": "residual_transformer",
    "length": "length_estimator",
}
_FILES = {
    "rvq": "net_best_fid.tar",
    "masked": "latest.tar",
    "residual": "net_best_fid.tar",
    "length": "finest.tar",
    "evaluator": "finest.tar",
}
_KEYS = {
    "rvq": "vq_model",
    "masked": "t2m_transformer",
    "residual": "res_transformer",
    "length": "estimator",
}
_SUB_NETWORKS = ("movement_encoder", "text_encoder", "motion_encoder")
FEATURES = {"humanml3d": 263, "kit": 251}


def module_name(what: str, dataset: str) -> str:
    return MODULES[what, dataset] if (what, dataset) in MODULES else MODULES[what]


def compact_state(module: str) -> dict[str, Tensor]:
    """Return all tensors of a published module, each one number repeated: files stay small."""
    return {
        name: torch.full((), 0.01 * (1 + place % 7)).expand(facts["shape"])
        for place, (name, facts) in enumerate(golden_keys(module)["tensors"].items())
        if facts["fill"] != "keep"
    }


def without_layers(state: Mapping[str, Tensor], num_layers: int) -> dict[str, Tensor]:
    """Leave the transformer layers from `num_layers` on out."""
    dropped = tuple(f"seqTransEncoder.layers.{layer}." for layer in range(num_layers, 8))
    return {name: tensor for name, tensor in state.items() if not name.startswith(dropped)}


def training_state() -> dict[str, Any]:
    """Return what published checkpoints hold besides weights."""
    parameter = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([parameter], lr=2e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[50_000], gamma=0.1)
    with torch.enable_grad():
        parameter.sum().backward()
    optimizer.step()
    schedule.step()
    return {
        "opt": optimizer.state_dict(),
        "scheduler": schedule.state_dict(),
        "ep": 7,
        "total_it": np.int64(4200),
        "loss": np.float64(0.25),
        "val_loss": np.float32(0.5),
        "is_best": np.bool_(True),
    }


def content_of(what: str, state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return what `torch.save` was given for a published checkpoint with these tensors."""
    if what != "evaluator":
        return {_KEYS[what]: dict(state), **training_state()}
    parts = {
        key: {
            name.removeprefix(f"{key}."): tensor
            for name, tensor in state.items()
            if name.startswith(f"{key}.")
        }
        for key in _SUB_NETWORKS
    }
    return {**parts, **training_state()}


def write_folder(
    root: Path, what: str, dataset: str, state: Mapping[str, Tensor] | None = None, **save: Any
) -> Path:
    """Write the published folder of a part, by default with compact weights; return it."""
    folder = root / dataset / what
    (folder / "model").mkdir(parents=True)
    state = compact_state(module_name(what, dataset)) if state is None else state
    torch.save(content_of(what, state), folder / "model" / _FILES[what], **save)
    (folder / "opt.txt").write_text("----- Options -----\n")
    if what in ("rvq", "evaluator"):
        write_statistics(folder / "meta", FEATURES[dataset])
    return folder


def filled_folder(root: Path, what: str, dataset: str, num_layers: int = 8) -> Path:
    """Write the published folder of a part with weights by the fill rule; return it."""
    state = without_layers(filled_state_dict(module_name(what, dataset)), num_layers)
    return write_folder(root, what, dataset, state)


def write_statistics(folder: Path, width: int, **changes: np.ndarray) -> Path:
    """Write `mean.npy` and `std.npy`; return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "mean": np.linspace(-1, 1, width, dtype=np.float32),
        "std": np.linspace(0.02, 2, width, dtype=np.float32),
    } | changes
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


WORDS = ["eos", "walk", "unk", "a", "sos", "person"]


def write_glove(folder: Path, **changes: Any) -> Path:
    """Write the three files of the published word vectors; return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "vectors": np.arange(len(WORDS) * 300, dtype=np.float64).reshape(-1, 300) / 100,
        "words": WORDS,
        "index": {word: row for row, word in enumerate(WORDS)},
    } | changes
    np.save(folder / DATA_FILE, content["vectors"])
    for name, key in ((WORDS_FILE, "words"), (INDEX_FILE, "index")):
        (folder / name).write_bytes(pickle.dumps(content[key], protocol=4))
    return folder


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)
