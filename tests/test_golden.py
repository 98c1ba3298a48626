import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.golden import GOLDEN, REAL_MOTION, fill_sha256, filled_state_dict, shared_golden
from tests.golden_use import arrays_read

MODULES = json.loads((GOLDEN / "keys" / "_fill_sha256.json").read_text())
FILES = sorted({path.stem for path in (GOLDEN / "npz").glob("*.npz")} | REAL_MOTION)

HOW_SAFE = "says how safe the exact comparison of tokens is; nothing here computes it"
NOT_MEASURED = "joint error of a reconstruction: not among the paper's metrics, not computed here"
NOT_COMPARED = {
    "audio_frontend": {
        "knf_64bins_max_abs_diff": "compares two other implementations with each other",
    },
    "mask_transformer_trace_6layers": {
        "min_argmax_logit_margin": HOW_SAFE,
        "min_relative_score_gap_at_cut": HOW_SAFE,
    },
    "mask_transformer_trace_8layers": {
        "min_argmax_logit_margin": HOW_SAFE,
        "min_relative_score_gap_at_cut": HOW_SAFE,
    },
    "metrics": {
        "mpjpe_gt": NOT_MEASURED,
        "mpjpe_pred": NOT_MEASURED,
        "mpjpe_per_frame": NOT_MEASURED,
    },
    "residual_transformer_trace_6layers": {"min_argmax_logit_margin": HOW_SAFE},
    "residual_transformer_trace_8layers": {"min_argmax_logit_margin": HOW_SAFE},
    "rvqvae_kit": {"min_rel_margin_per_layer": HOW_SAFE},
    "rvqvae_t2m": {"min_rel_margin_per_layer": HOW_SAFE},
    "sampling_pieces": {
        "ce_acc_top3": "curves show top-1 accuracy only",
        "ce_smooth01": "training smooths no labels, and neither do the published losses compared",
    },
}
"""Arrays that no test compares, and why."""


def golden_folder(name: str) -> Path:
    if name not in REAL_MOTION:
        return GOLDEN
    shared = shared_golden()
    if shared is None:
        pytest.skip(f"{name} lies only in the shared folder (AMX_SHARED)")
    return shared


@pytest.mark.parametrize("name", FILES)
def test_every_golden_array_is_read_by_a_test_or_listed_with_a_reason(name: str) -> None:
    with np.load(golden_folder(name) / "npz" / f"{name}.npz") as arrays:
        names = set(arrays.files)
    missing = names - arrays_read(name, names)
    assert missing == set(NOT_COMPARED.get(name, {})), (
        f"{name}.npz: compare these arrays in a test, or list them in NOT_COMPARED with a reason; "
        "and list none that is read or that the file does not have"
    )


def test_what_no_test_names_is_not_read() -> None:
    assert arrays_read("metrics", ["fid_ab", "fid_ba"]) == {"fid_ab"}
    assert arrays_read("mask_transformer_logits_6layers", ["logits_cond_every8"]) == set()
    assert arrays_read("no_such_file", ["fid_ab"]) == set()


def test_goldens_in_the_repository_equal_the_shared_ones() -> None:
    shared = shared_golden()
    if shared is None:
        pytest.skip("the shared folder of goldens is not here (AMX_SHARED)")

    def contents(folder: Path) -> dict[str, str]:
        paths = [*folder.glob("npz/*.npz"), *folder.glob("keys/*.json")]
        return {
            f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths
            if path.stem not in REAL_MOTION
        }

    assert contents(GOLDEN) == contents(shared)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_fill_rule_gives_the_recorded_checksums(module: str) -> None:
    assert fill_sha256(module) == MODULES[module]


def test_fill_rule_spot_values() -> None:
    state = filled_state_dict("mask_transformer")
    weight = state["seqTransEncoder.layers.0.self_attn.in_proj_weight"].flatten()[:4]
    assert weight.tolist() == pytest.approx(
        [-0.0177193936, -0.0016999015, -0.0588123575, 0.0051059359]
    )
