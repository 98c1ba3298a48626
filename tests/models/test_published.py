import pytest
import torch

from audiomotion.config.experiment import MaskedConfig
from audiomotion.errors import ModelError
from audiomotion.models.masked_transformer import MaskedTransformer
from audiomotion.models.published import load_published
from tests.golden import filled_state_dict, golden_keys
from tests.models.published_models import SMALL_TRANSFORMER, published_rvq


@pytest.mark.parametrize("name", ["rvqvae_t2m", "rvqvae_kit"])
def test_published_parameter_counts(name: str) -> None:
    model = published_rvq(name)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == golden_keys(name)["parameter_count"]


def test_published_codebooks_start_their_averages_where_they_lie() -> None:
    for codebook in published_rvq("rvqvae_kit").quantizer.codebooks:
        assert codebook.initialised
        assert codebook.code_sum.equal(codebook.codebook)
        assert (codebook.code_count == 1).all()


def test_what_is_no_weight_is_passed_over() -> None:
    state = filled_state_dict("mask_transformer")
    state["position_enc.pe"] = torch.zeros(5000, 1, 384)
    state["clip_model.visual.proj"] = torch.zeros(3)
    model = MaskedTransformer(MaskedConfig(num_layers=8), 512, 512)
    load_published(model, state)
    assert model.token_emb.weight.equal(state["token_emb.weight"])


def test_a_checkpoint_of_other_sizes_is_refused_with_a_sentence() -> None:
    model = MaskedTransformer(MaskedConfig(**SMALL_TRANSFORMER), 512, 512)
    with pytest.raises(ModelError, match="do not fit a MaskedTransformer"):
        load_published(model, filled_state_dict("mask_transformer"))
