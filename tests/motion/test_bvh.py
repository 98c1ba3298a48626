from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from audiomotion.errors import DataError
from audiomotion.motion.bvh import BvhClip, length_unit, parse_bvh, read_bvh
from tests.motion.bvh_files import ROTATIONS, SIX, Joint, bandai_text, bvh_text

ARM = [
    Joint("shoulder", None, (0.0, 0.0, 0.0), SIX),
    Joint("elbow", "shoulder", (10.0, 0.0, 0.0)),
    Joint("wrist", "elbow", (5.0, 0.0, 0.0)),
]


def arm(values: np.ndarray, **options: str) -> BvhClip:
    return parse_bvh(bvh_text(ARM, values, **options).encode(), "arm.bvh")


def error_of(text: str) -> str:
    with pytest.raises(DataError) as caught:
        parse_bvh(text.encode(), "arm.bvh")
    return str(caught.value)


def test_known_positions_of_an_arm() -> None:
    # Shoulder at (1, 2, 3), turned a quarter about z; the elbow bends back by a quarter.
    values = np.array([[1, 2, 3, 90, 0, 0, -90, 0, 0, 45, 0, 0]], dtype=float)
    clip = arm(values)
    assert clip.joint_names == ("shoulder", "elbow", "wrist")
    assert clip.parents == (-1, 0, 1)
    np.testing.assert_allclose(clip.positions[0], [(1, 2, 3), (1, 12, 3), (6, 12, 3)], atol=1e-9)


@pytest.mark.parametrize("order", list(permutations("XYZ")))
def test_rotations_multiply_in_the_order_of_their_channels(order: tuple[str, ...]) -> None:
    channels = tuple(f"{axis}rotation" for axis in order)
    joints = [Joint("a", None, (0, 0, 0), channels), Joint("b", "a", (1.0, 2.0, 3.0), channels)]
    angles = np.random.default_rng(3).uniform(-170, 170, size=(4, 3)).round(6)
    values = np.concatenate([angles, np.zeros((4, 3))], axis=1)
    clip = parse_bvh(bvh_text(joints, values).encode(), "order.bvh")
    expected = Rotation.from_euler("".join(order), angles, degrees=True).apply([1.0, 2.0, 3.0])
    np.testing.assert_allclose(clip.positions[:, 1], expected, atol=1e-9)


def test_position_channels_replace_the_offset() -> None:
    joints = [Joint("a", None, (7, 7, 7), SIX), Joint("b", "a", (10, 0, 0), SIX)]
    row = [1, 2, 3, 0, 0, 0, 10, 0, 0, 0, 0, 0]
    clip = parse_bvh(bvh_text(joints, np.array([row])).encode(), "six.bvh")
    np.testing.assert_allclose(clip.positions[0], [(1, 2, 3), (11, 2, 3)])


def test_one_position_channel_replaces_one_coordinate() -> None:
    joints = [Joint("a", None, (7, 8, 9), ("Yposition", *ROTATIONS))]
    clip = parse_bvh(bvh_text(joints, np.array([[1.0, 0, 0, 0]])).encode(), "one.bvh")
    np.testing.assert_allclose(clip.positions[0, 0], (7, 1, 9))


def test_joints_without_channels_and_several_roots() -> None:
    joints = [
        Joint("a", None, (1, 0, 0), ()),
        Joint("b", "a", (0, 1, 0), ()),
        Joint("c", None, (2, 0, 0), ("Xposition",)),
    ]
    clip = parse_bvh(bvh_text(joints, np.array([[5.0], [6.0]])).encode(), "roots.bvh")
    assert clip.parents == (-1, 0, -1)
    np.testing.assert_allclose(clip.positions[1], [(1, 0, 0), (1, 1, 0), (6, 0, 0)])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-360, 360), min_size=9, max_size=9), st.integers(1, 4))
def test_bones_keep_their_length(angles: list[float], num_frames: int) -> None:
    values = np.tile([0.0, 0.0, 0.0, *angles], (num_frames, 1))
    bones = np.diff(arm(values).positions, axis=1)
    np.testing.assert_allclose(np.linalg.norm(bones, axis=-1), [[10, 5]] * num_frames, atol=1e-6)


def test_layout_of_the_text_does_not_matter() -> None:
    text = bvh_text(ARM, np.arange(24.0).reshape(2, 12))
    plain = parse_bvh(text.encode(), "arm.bvh")
    compact = text.replace("\n{", " {").replace("\n", "\r\n").replace("Frame Time", "Frame  Time")
    squeezed = parse_bvh(b"\xef\xbb\xbf\r\n" + compact.encode() + b"\r\n\r\n", "arm.bvh")
    assert squeezed.joint_names == plain.joint_names
    np.testing.assert_array_equal(squeezed.positions, plain.positions)


@pytest.mark.parametrize(
    ("frame_time", "fps"),
    [("0.0333333", 30), ("0.033333", 30), ("0.00833333", 120), ("0.008333", 120), ("0.05", 20),
     ("0.0333667", 1 / 0.0333667), ("0.08", 12.5)],
)  # fmt: skip
def test_frame_rate_of_a_rounded_frame_time(frame_time: str, fps: float) -> None:
    assert arm(np.zeros((2, 12)), frame_time=frame_time).fps == pytest.approx(fps, rel=1e-9)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.bvh: cannot be read \(No such file"):
        read_bvh(tmp_path / "absent.bvh")


def test_fewer_frames_than_declared() -> None:
    text = bvh_text(ARM, np.zeros((5, 12)))
    cut = text[: text.rstrip().rindex("\n") + 1]
    assert "4 frames follow where 5 are announced; cut off" in error_of(cut)


def test_more_frames_than_declared() -> None:
    text = bvh_text(ARM, np.zeros((5, 12))).replace("Frames:\t5", "Frames:\t3")
    assert "correct its Frames: line" in error_of(text)


def test_every_truncation_is_an_error() -> None:
    content = bvh_text(ARM, np.ones((3, 12))).encode()
    for end in range(0, len(content.rstrip()) - 8, 7):
        with pytest.raises(DataError, match=r"arm\.bvh:\d+: "):
            parse_bvh(content[:end], "arm.bvh")


@pytest.mark.parametrize("bad", ["nan", "inf", "1.#QNAN", "1_0", "x"])
def test_values_that_are_no_finite_numbers_are_named(bad: str) -> None:
    lines = bvh_text(ARM, np.zeros((4, 12))).splitlines()
    words = lines[-2].split()
    lines[-2] = " ".join([*words[:6], bad, *words[7:]])
    assert f"arm.bvh:{len(lines) - 1}: value 7 is '{bad}'" in error_of("\n".join(lines))


def test_line_with_too_few_values_is_named() -> None:
    lines = bvh_text(ARM, np.zeros((4, 12))).splitlines()
    lines[-1] = " ".join(lines[-1].split()[:-1])
    assert f"arm.bvh:{len(lines)}: 11 values where the hierarchy has 12" in error_of(
        "\n".join(lines)
    )
    shifted = [*lines[:-2], lines[-2] + " 0.0", lines[-1]]
    assert f"arm.bvh:{len(lines) - 1}: 13 values" in error_of("\n".join(shifted))


def test_all_lines_with_a_wrong_number_of_values() -> None:
    text = bvh_text(ARM, np.zeros((4, 11)))
    assert "11 values where the hierarchy has 12 channels" in error_of(text)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("HIERARCHY", "", "not HIERARCHY"),
        ("MOTION", "", "no MOTION section"),
        ("JOINT elbow", "ROOT elbow", "ROOT 'elbow' stands inside"),
        ("JOINT elbow", "JOINT shoulder", "named twice"),
        ("JOINT elbow", "BONE elbow", "'BONE' is not allowed"),
        ("ROOT shoulder\n{", "{", "'{' without"),
        ("}\nMOTION", "MOTION", "ends before all its '}'"),
        ("}\nMOTION", "}\n}\nMOTION", "'}' without a '{'"),
        ("OFFSET 0.000000 0.000000 0.000000", "OFFSET 0 0", "OFFSET needs three numbers"),
        ("OFFSET 0.000000 0.000000 0.000000\n", "", "joint 'shoulder' has no OFFSET"),
        ("CHANNELS 6", "CHANNELS 5", "announces 5 names and gives 6"),
        ("Xposition", "Wposition", "each of Xposition"),
        ("Frames:\t3", "Frames:\tmany", "should be 'Frames:'"),
        ("Frames:\t3", "Frames:\t0", "should be 'Frames:'"),
        ("Frame Time:\t0.0333333", "Frame Time:\t-1", "should be 'Frame Time:'"),
    ],
)
def test_malformed_files_say_where_and_what(old: str, new: str, problem: str) -> None:
    text = bvh_text(ARM, np.zeros((3, 12)))
    assert old in text
    message = error_of(text.replace(old, new, 1))
    assert message.startswith("arm.bvh:")
    assert problem in message


def test_channels_after_children_are_refused() -> None:
    text = bvh_text(ARM, np.zeros((1, 12)))
    channels = f"CHANNELS 6 {' '.join(SIX)}\n"
    moved = text.replace(channels, "").replace("}\nMOTION", f"{channels}}}\nMOTION")
    assert "CHANNELS of 'shoulder' stands after its children" in error_of(moved)


def test_unit_is_guessed_from_the_size_of_the_body_and_said_to_be() -> None:
    centimetres = parse_bvh(bandai_text(10).encode(), "body.bvh")
    unit = length_unit(centimetres)
    assert (unit.name, unit.guessed, unit.metres) == ("cm", True, 0.01)
    # Toes to hand; the travelling "bone" between joint_Root and Hips does not count.
    assert 150 < unit.skeleton_size < 210
    scaled = BvhClip(
        centimetres.joint_names, centimetres.parents, centimetres.positions / 100, 1 / 30
    )
    unit = length_unit(scaled)
    assert (unit.name, unit.guessed, unit.metres) == ("m", True, 1.0)


def test_unit_that_is_given_is_taken() -> None:
    clip = arm(np.zeros((2, 12)))
    unit = length_unit(clip, "cm")
    assert (unit.name, unit.guessed, unit.skeleton_size) == ("cm", False, pytest.approx(15))


def test_unit_of_no_human_size_must_be_given() -> None:
    with pytest.raises(DataError, match=r"measures 15 along its bones.*give the unit"):
        length_unit(arm(np.zeros((2, 12))))
