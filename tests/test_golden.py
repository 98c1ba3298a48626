import json

import pytest

from tests.golden import GOLDEN, fill_sha256, filled_state_dict

MODULES = json.loads((GOLDEN / "keys" / "_fill_sha256.json").read_text())


@pytest.mark.parametrize("module", ["mask_transformer", "rvqvae_kit", "length_estimator"])
def test_fill_rule_gives_the_recorded_checksums(module: str) -> None:
    assert fill_sha256(module) == MODULES[module]


def test_fill_rule_spot_values() -> None:
    state = filled_state_dict("mask_transformer")
    weight = state["seqTransEncoder.layers.0.self_attn.in_proj_weight"].flatten()[:4]
    assert weight.tolist() == pytest.approx(
        [-0.0177193936, -0.0016999015, -0.0588123575, 0.0051059359]
    )
