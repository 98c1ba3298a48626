import numpy as np
import pytest

from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.mm_distance import mm_distance
from tests.golden import load_golden


@pytest.mark.parametrize("name", ["mm_dist", "mm_dist_linalg"])
def test_mm_distance_equals_the_published_one(name):
    golden = load_golden("metrics")
    measured = mm_distance(golden["text_emb"], golden["motion_emb"])
    assert measured == pytest.approx(golden[name], rel=1e-6)


def test_mm_distance_of_known_points():
    assert mm_distance([[0, 0], [1, 1]], [[3, 4], [1, 2]]) == pytest.approx((5 + 1) / 2)


def test_mm_distance_of_equal_points_is_zero():
    points = load_golden("metrics")["text_emb"]
    assert mm_distance(points, points) == 0


def test_nothing_has_no_mm_distance():
    with pytest.raises(DataError, match="at least 1"):
        mm_distance(np.zeros((0, 2)), np.zeros((0, 2)))
