import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.models.masking import MaskingDraws, corrupt, cosine_schedule, masked_positions
from tests.golden import load_golden
from tests.models.published_models import golden_draws, golden_inputs

GOLDEN = load_golden("mask_transformer_train_loss")


def test_masking_equals_the_published_one() -> None:
    tokens, _, valid = golden_inputs(GOLDEN)
    draws = golden_draws(GOLDEN)
    masked = masked_positions(draws, valid, 0.0)
    assert masked.equal(torch.from_numpy(GOLDEN["mask"]))
    labels = torch.from_numpy(GOLDEN["labels"]).long()
    assert tokens.masked_fill(~masked, 512).equal(labels)
    seen = corrupt(tokens, masked, draws, 512)
    expected = torch.from_numpy(GOLDEN["x_ids"]).long()
    assert seen[valid].equal(expected[valid])


def test_cosine_schedule_equals_the_published_one() -> None:
    share = cosine_schedule(torch.linspace(0, 1, 10)).numpy()
    np.testing.assert_allclose(share, load_golden("sampling_pieces")["cosine_10"], atol=1e-7)


def test_cosine_schedule_ends() -> None:
    share = cosine_schedule(torch.tensor([0.0, 2 / 3, 1.0]))
    torch.testing.assert_close(share, torch.tensor([1.0, 0.5, 0.0]))


def test_shares_of_random_masked_and_kept_tokens() -> None:
    torch.manual_seed(0)
    tokens, valid = torch.zeros(400, 50).long(), torch.ones(400, 50, dtype=torch.bool)
    draws = MaskingDraws.sample(tokens, 1000)
    masked = masked_positions(draws, valid, 0.0)
    shown = corrupt(tokens, masked, draws, 1000)[masked]
    assert abs((shown == 1000).float().mean() - 0.9 * 0.88) < 0.02
    assert abs(((shown > 0) & (shown < 1000)).float().mean() - 0.1) < 0.02


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    minimum=st.floats(0, 0.99),
    seed=st.integers(0, 2**31),
)
def test_masks_stay_inside_the_clip_and_reach_the_minimum(
    lengths: list[int], minimum: float, seed: int
) -> None:
    torch.manual_seed(seed)
    width = max(lengths)
    valid = torch.arange(width) < torch.tensor(lengths)[:, None]
    tokens = torch.randint(9, valid.shape)
    draws = MaskingDraws.sample(tokens, 9)
    masked = masked_positions(draws, valid, minimum)
    assert not (masked & ~valid).any()
    count = masked[valid.all(dim=1)].sum(dim=1)
    assert (count >= max(1, int(minimum * width))).all()
    shown = corrupt(tokens, masked, draws, 9)
    assert shown[~masked].equal(tokens[~masked])
    assert ((shown >= 0) & (shown <= 9)).all()
