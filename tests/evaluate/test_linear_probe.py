import numpy as np
import pytest
import torch

from audiomotion.evaluate.linear_probe import Labelled, choose_l2, fit_probe


def clouds(distance: float, seed: int = 0, *, num: int = 300, width: int = 6) -> Labelled:
    """Return points about three centres."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=num)
    vectors = rng.standard_normal((num, width))
    vectors[np.arange(num), classes] += distance
    return Labelled(vectors, classes, np.arange(num))


def accuracy(distance: float, l2: float = 1e-3) -> float:
    probe, other = fit_probe(clouds(distance), 3, l2), clouds(distance, seed=1)
    return float(np.mean(probe.predict(other.vectors) == other.classes))


def test_what_is_apart_is_told_and_what_is_not_is_not():
    assert accuracy(20.0) == 1.0
    assert 0.75 < accuracy(3.0) < 1
    assert 0.25 < accuracy(0.0) < 0.42


def test_scale_and_place_of_a_feature_do_not_matter():
    data, other = clouds(2.0), clouds(2.0, seed=1)
    scale, place = np.array([1e3, 1e-3, 1, 7, 2, 5.0]), np.array([5, -3, 100, 0, 1, 2.0])
    moved = Labelled(data.vectors * scale + place, data.classes, data.clips)
    expected = fit_probe(data, 3, 1e-2).predict(other.vectors)
    assert np.array_equal(
        fit_probe(moved, 3, 1e-2).predict(other.vectors * scale + place), expected
    )


def test_it_is_the_optimum():
    data, l2 = clouds(1.5), 1e-2
    probe = fit_probe(data, 3, l2)
    normal = (torch.from_numpy(data.vectors) - probe.mean) / probe.spread
    weights = probe.weights.clone().requires_grad_()
    logits = normal @ weights[:, :-1].t() + weights[:, -1]
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(data.classes))
    (loss + l2 / 2 * weights[:, :-1].square().sum()).backward()
    assert float(weights.grad.abs().max()) < 1e-5


def test_a_feature_that_never_moves_is_no_trouble():
    data = clouds(20.0)
    still = Labelled(np.hstack([data.vectors, np.ones((300, 1))]), data.classes, data.clips)
    assert np.mean(fit_probe(still, 3, 1e-3).predict(still.vectors) == data.classes) == 1


def test_the_penalty_is_chosen_on_other_clips():
    noisy = clouds(1.0, num=80, width=60)
    chosen = choose_l2(noisy, 3, (1e-6, 0.1, 1.0), 0.25, 0)
    assert chosen > 1e-6
    assert choose_l2(noisy, 3, (0.3,), 0.25, 0) == 0.3
    assert choose_l2(clouds(30.0), 3, (1e-4, 1e-1), 0.25, 0) == 1e-4  # both are always right


@pytest.mark.parametrize("l2", [1e-4, 1e-1])
def test_the_same_data_give_the_same_bits(l2):
    one, other = fit_probe(clouds(1.0), 3, l2), fit_probe(clouds(1.0), 3, l2)
    assert torch.equal(one.weights, other.weights)
