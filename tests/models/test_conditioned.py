import pytest
import torch

from audiomotion.config.compressors import MemoryRetrievalConfig
from audiomotion.errors import ModelError
from audiomotion.models.condition import Condition
from audiomotion.models.conditioned import (
    ConditionedLength,
    ConditionEncoder,
    FeatureShape,
    LayerMix,
)

SMALL = MemoryRetrievalConfig(
    condition_dim=10, num_memory_tokens=4, latent_dim=8, num_heads=2, feedforward_dim=8, dropout=0.0
)


def test_a_mix_begins_as_the_mean_of_the_layers():
    layers = torch.randn(2, 5, 3, 4)
    mixed = LayerMix(3)(layers.flatten(2))
    torch.testing.assert_close(mixed, layers.mean(2))


def test_a_mix_can_learn_to_take_one_layer():
    mix, layers = LayerMix(3), torch.randn(2, 5, 3, 4)
    with torch.no_grad():
        mix.weights.copy_(torch.tensor([0.0, 50.0, 0.0]))
    torch.testing.assert_close(mix(layers.flatten(2)), layers[:, :, 1])


def test_layers_are_mixed_before_they_are_compressed():
    torch.manual_seed(0)
    encoder = ConditionEncoder(SMALL, FeatureShape(12, num_layers=3))
    features, valid = torch.randn(2, 6, 12, requires_grad=True), torch.ones(2, 6).bool()
    condition = encoder(features, valid)
    assert condition.tokens.shape == (2, 1, 10)
    condition.tokens.square().sum().backward()
    assert encoder.mix.weights.grad.abs().sum() > 0
    expected = encoder.compressor(features.view(2, 6, 3, 4).mean(2), valid)
    torch.testing.assert_close(condition.tokens, expected.tokens)


def test_without_a_compressor_one_vector_is_the_condition():
    encoder = ConditionEncoder(None, FeatureShape(7))
    assert encoder.condition_dim == 7
    assert list(encoder.parameters()) == []
    vectors = torch.randn(3, 1, 7)
    condition = encoder(vectors, torch.ones(3, 1).bool())
    assert condition.tokens.equal(vectors)
    assert condition.valid_mask.all()


def test_without_a_compressor_frames_are_refused():
    encoder = ConditionEncoder(None, FeatureShape(7))
    with pytest.raises(ModelError, match="has 5 feature frames and there is no compressor"):
        encoder(torch.randn(3, 5, 7), torch.ones(3, 5).bool())


def test_a_length_is_judged_by_the_mean_of_the_condition_tokens():
    torch.manual_seed(0)
    several = SMALL.model_copy(update={"num_condition_tokens": 3})
    model = ConditionedLength(ConditionEncoder(several, FeatureShape(4)), 50).eval()
    features, valid = torch.randn(2, 6, 4), torch.ones(2, 6).bool()
    condition = model.condition(features, valid)
    assert isinstance(condition, Condition)
    torch.testing.assert_close(model.vectors(features, valid), condition.tokens.mean(1))
    assert model.estimator(model.vectors(features, valid)).shape == (2, 50)
