import numpy as np
import pytest
import torch

from audiomotion.config.experiment import RvqConfig
from audiomotion.data.statistics import Statistics
from audiomotion.models.rvq import RvqVae
from audiomotion.models.tokenizer import MotionTokenizer
from audiomotion.motion.skeleton import HUMANML3D_22

P = HUMANML3D_22.feature_dim
LENGTHS = [40, 7, 64, 4]


@pytest.fixture
def tokenizer():
    torch.manual_seed(0)
    config = RvqConfig(num_quantizers=2, codebook_size=16, code_dim=8, width=12)
    model = RvqVae(config, P, 22)
    with torch.no_grad():
        for codebook in model.quantizer.codebooks:
            codebook.codebook.normal_()
    rng = np.random.default_rng(0)
    return MotionTokenizer(model, Statistics.of(rng.normal(5, 3, (99, P)), HUMANML3D_22))


@pytest.fixture
def motions():
    rng = np.random.default_rng(1)
    return [rng.normal(5, 3, (length, P)).astype(np.float32) for length in LENGTHS]


def test_each_motion_gets_a_token_for_every_four_frames(tokenizer, motions):
    tokens = list(tokenizer.encode(motions))
    assert [row.shape for row in tokens] == [(10, 2), (1, 2), (16, 2), (1, 2)]
    assert all((row >= 0).all() and (row < 16).all() for row in tokens)


def test_tokens_do_not_depend_on_the_company(tokenizer, motions):
    together = list(tokenizer.encode(motions))
    alone = [next(tokenizer.encode([motion])) for motion in motions]
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))


def test_statistics_are_applied_both_ways(tokenizer, motions):
    (tokens,) = tokenizer.encode(motions[:1])
    normal = torch.from_numpy(tokenizer.stats.normalise(motions[0]))[None]
    assert np.array_equal(tokens, tokenizer.rvq.encode(normal)[0].numpy())
    (decoded,) = tokenizer.decode(torch.from_numpy(tokens)[None])
    expected = tokenizer.rvq.decode(torch.from_numpy(tokens)[None])[0].detach().numpy()
    np.testing.assert_allclose(decoded, tokenizer.stats.denormalise(expected), atol=1e-5)


def test_padding_is_cut_off(tokenizer, motions):
    tokens = torch.full((2, 12, 2), -1)
    tokens[0, :10], tokens[1, :3] = 3, 5
    decoded = tokenizer.decode(tokens)
    assert [len(motion) for motion in decoded] == [40, 12]
    (alone,) = tokenizer.decode(tokens[1:, :3])
    np.testing.assert_allclose(decoded[1], alone, atol=1e-4)


def test_published_padding_fills_every_clip_up_to_196_frames(tokenizer, motions):
    published = MotionTokenizer(tokenizer.rvq, tokenizer.stats)
    published.rvq.config = published.rvq.config.model_copy(update={"padding": "published"})
    together = list(published.encode(motions))
    for motion, tokens in zip(motions, together, strict=True):
        filled = np.zeros((196, P), np.float32)
        filled[: len(motion)] = published.stats.normalise(motion)
        expected = published.rvq.encode(torch.from_numpy(filled)[None])[0, : len(motion) // 4]
        assert np.array_equal(tokens, expected.numpy())
        assert np.array_equal(tokens, next(published.encode([motion])))
    codes = torch.from_numpy(together[0])[None]
    whole = torch.nn.functional.pad(codes, (0, 0, 0, 39), value=-1)
    expected = published.rvq.decode(whole)[0, :40].detach().numpy()
    (decoded,) = published.decode(codes)
    np.testing.assert_allclose(decoded, published.stats.denormalise(expected), atol=1e-4)
