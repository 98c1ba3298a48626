import numpy as np
import pytest
import torch

from audiomotion.errors import ModelError
from audiomotion.models.length_estimator import LengthEstimator, draw
from audiomotion.models.published import load_published
from tests.golden import filled_state_dict, golden_keys, load_golden


@torch.no_grad()
def test_logits_equal_the_published_ones() -> None:
    golden, model = load_golden("length_estimator"), LengthEstimator(512).eval()
    load_published(model, filled_state_dict("length_estimator"))
    logits = model(torch.from_numpy(golden["cond"]))
    limit = 1e-4 * float(np.abs(golden["logits"]).max())
    torch.testing.assert_close(logits, torch.from_numpy(golden["logits"]), rtol=0, atol=limit)


def test_sizes_are_the_published_ones_and_can_be_others() -> None:
    count = sum(parameter.numel() for parameter in LengthEstimator(512).parameters())
    assert count == golden_keys("length_estimator")["parameter_count"]
    assert LengthEstimator(24, num_classes=9)(torch.zeros(3, 24)).shape == (3, 9)


def test_it_learns_lengths() -> None:
    torch.manual_seed(0)
    model = LengthEstimator(8, num_classes=6)
    conditions, lengths = torch.eye(8)[:5], torch.tensor([1, 2, 3, 4, 5])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    first, _ = model.training_loss(conditions, lengths)
    for _ in range(60):
        optimizer.zero_grad()
        model.training_loss(conditions, lengths)[0].backward()
        optimizer.step()
    loss, terms = model.eval().training_loss(conditions, lengths)
    assert loss < first / 4
    assert terms["accuracy"] == 1
    assert draw(model(conditions)).equal(lengths)


def test_loss_and_accuracy_are_means() -> None:
    model = LengthEstimator(4, num_classes=5).eval()
    with torch.no_grad():
        for parameter in model.output[-1].parameters():
            parameter.zero_()
        model.output[-1].bias[2] = np.log(4)
    loss, terms = model.training_loss(torch.zeros(2, 4), torch.tensor([2, 1]))
    assert float(loss.detach()) == pytest.approx(-(np.log(4 / 8) + np.log(1 / 8)) / 2)
    assert float(terms["accuracy"]) == 0.5


@pytest.mark.parametrize(("lengths", "said"), [([3, 0], "one has 0"), ([50, 1], "one has 50")])
def test_a_length_without_a_class_is_refused(lengths: list[int], said: str) -> None:
    with pytest.raises(ModelError, match=f"1 to 49 tokens, and {said}"):
        LengthEstimator(4).training_loss(torch.zeros(2, 4), torch.tensor(lengths))


def test_draws_have_the_logits_distribution_without_class_0() -> None:
    shares = torch.tensor([0.5, 0.1, 0.0, 0.3, 0.1])
    uniform = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    drawn = draw(shares.log().expand(1000, 5), uniform)
    assert torch.bincount(drawn, minlength=5).tolist() == [0, 200, 0, 600, 200]


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-24])
def test_no_motion_has_length_0(number: float) -> None:
    certain = torch.tensor([[100.0, -3.0, -2.0, -9.0]])
    lengths = draw(certain, torch.tensor([number]))
    assert 1 <= int(lengths) <= 3
    assert draw(certain).tolist() == [2]


def test_a_draw_belongs_to_its_motion() -> None:
    logits, uniform = torch.randn(6, 50), torch.rand(6)
    together = draw(logits, uniform)
    for row in range(6):
        assert draw(logits[row : row + 1], uniform[row : row + 1]).tolist() == [int(together[row])]
