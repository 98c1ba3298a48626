import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audiomotion.motion import quaternion
from tests.golden import load_golden

NUMBERS = st.floats(-10, 10, allow_subnormal=False).map(lambda x: round(x, 6))
VECTORS = arrays(np.float64, 3, elements=NUMBERS).filter(lambda v: np.linalg.norm(v) > 1e-3)
QUATERNIONS = arrays(np.float64, 4, elements=NUMBERS).filter(lambda q: np.linalg.norm(q) > 1e-3)


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return load_golden("quaternion_pieces")


@pytest.mark.parametrize(
    ("function", "inputs", "output"),
    [
        (quaternion.normalise, ("q",), "q_normalised"),
        (quaternion.multiply, ("q", "q2"), "qmul"),
        (quaternion.rotate, ("q_normalised", "v"), "qrot"),
        (quaternion.conjugate, ("q",), "qinv"),
        (quaternion.between, ("v", "v2"), "qbetween"),
        (quaternion.to_matrix, ("q",), "quat_to_matrix"),
        (quaternion.to_cont6d, ("q",), "quat_to_cont6d"),
        (quaternion.cont6d_to_matrix, ("cont6d",), "cont6d_to_matrix"),
    ],
)
def test_golden(golden, function, inputs, output) -> None:
    ours = function(*(golden[name] for name in inputs))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, golden[output], rtol=1e-5, atol=2e-6)


def test_make_continuous_golden(golden) -> None:
    twice = np.repeat(golden["q"][:, None], 2, axis=1)
    np.testing.assert_array_equal(quaternion.make_continuous(twice), golden["qfix"])


def test_make_continuous_leaves_its_input_alone(golden) -> None:
    before = golden["q"].copy()
    quaternion.make_continuous(golden["q"])
    np.testing.assert_array_equal(golden["q"], before)


def test_quarter_turn_about_the_vertical_takes_z_to_x() -> None:
    turn = quaternion.from_half_yaw(np.array([np.pi / 4]))
    np.testing.assert_allclose(
        quaternion.rotate(turn, np.array([[0.0, 0, 1]])), [[1, 0, 0]], atol=1e-12
    )


def test_cross_is_the_cross_product() -> None:
    left, right = np.random.default_rng(0).normal(size=(2, 5, 4, 3))
    np.testing.assert_allclose(quaternion.cross(left, right), np.cross(left, right))


@given(VECTORS, VECTORS)
def test_between_turns_source_to_target(source, target) -> None:
    turn = quaternion.between(source[None], target[None])
    turned = quaternion.rotate(turn, quaternion.normalise(source)[None])
    np.testing.assert_allclose(turned[0], quaternion.normalise(target), atol=1e-7)
    assert turn[0, 0] >= 0


@given(VECTORS)
def test_between_opposite_directions_is_a_half_turn(source) -> None:
    turn = quaternion.between(source[None], -source[None])
    turned = quaternion.rotate(turn, source[None])
    np.testing.assert_allclose(turned[0], -source, atol=1e-9 * np.linalg.norm(source))


def test_opposite_horizontal_directions_are_turned_about_the_vertical() -> None:
    turn = quaternion.between(np.array([[0.0, 0, -1]]), np.array([[0.0, 0, 1]]))
    np.testing.assert_allclose(np.abs(turn), [[0, 0, 1, 0]], atol=1e-12)


@given(QUATERNIONS, QUATERNIONS, VECTORS)
def test_a_product_applies_the_right_factor_first(left, right, vector) -> None:
    left, right = quaternion.normalise(left), quaternion.normalise(right)
    product = quaternion.rotate(quaternion.multiply(left, right), vector)
    np.testing.assert_allclose(
        product, quaternion.rotate(left, quaternion.rotate(right, vector)), atol=1e-9
    )


@given(QUATERNIONS, VECTORS)
def test_matrix_six_numbers_and_quaternion_rotate_alike(turn, vector) -> None:
    turn = quaternion.normalise(turn)
    by_matrix = quaternion.to_matrix(turn) @ vector
    by_cont6d = quaternion.cont6d_to_matrix(quaternion.to_cont6d(turn)) @ vector
    np.testing.assert_allclose(by_matrix, quaternion.rotate(turn, vector), atol=1e-9)
    np.testing.assert_allclose(by_cont6d, by_matrix, atol=1e-9)


@given(QUATERNIONS, VECTORS)
def test_the_conjugate_turns_back(turn, vector) -> None:
    turn = quaternion.normalise(turn)
    back = quaternion.rotate(quaternion.conjugate(turn), quaternion.rotate(turn, vector))
    np.testing.assert_allclose(back, vector, atol=1e-9)
