import base64

import numpy as np
import pytest

from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, SKELETONS
from audiomotion.report.page.motions import described, packed, skeleton_record


def unpacked(record, num_joints):
    values = np.frombuffer(base64.b64decode(record["data"]), "<i2").astype(np.float64)
    return values.reshape(record["frames"], num_joints, 3) * record["unit"]


def standing(num_frames=41, skeleton=HUMANML3D_22):
    """Return a body that stands still, facing +z, its hips 0.9 m high."""
    joints = np.zeros((num_frames, skeleton.num_joints, 3), np.float32)
    right_hip, left_hip, right_shoulder, left_shoulder = skeleton.face_joints
    joints[:, (left_hip, left_shoulder), 0] = 0.1
    joints[:, (right_hip, right_shoulder), 0] = -0.1
    joints[..., 1] = 0.9
    return joints


def test_packed_joints_are_right_to_half_a_millimetre():
    joints = np.random.default_rng(0).normal(0, 2, (50, 22, 3)).astype(np.float32)
    record = packed(joints)
    assert np.abs(unpacked(record, 22) - joints).max() <= 0.000501
    assert len(record["data"]) == 4 * -(-50 * 22 * 3 * 2 // 3)


def test_a_path_beyond_32_metres_is_kept_in_a_coarser_unit():
    joints = np.linspace(0, 100, 10 * 22 * 3, dtype=np.float32).reshape(10, 22, 3)
    record = packed(joints)
    assert record["unit"] > 0.001
    assert np.abs(unpacked(record, 22) - joints).max() <= record["unit"] * 0.51


@pytest.mark.parametrize("skeleton", [HUMANML3D_22, KIT_21])
def test_standing_still_in_words(skeleton):
    words = described(standing(skeleton=skeleton), skeleton)
    seconds = 41 / skeleton.fps
    assert words == (
        f"{seconds:.1f} s; the hips travel 0.0 m and end where they began; the body does not "
        "turn; the hips are 0.90 to 0.90 m high"
    )


def test_a_walk_ahead_and_to_the_left_in_words():
    joints = standing()
    joints[..., 2] += np.linspace(0, 3, 41)[:, None]  # ahead is +z
    joints[..., 0] += np.linspace(0, 4, 41)[:, None]  # left is +x
    words = described(joints, HUMANML3D_22)
    assert "the hips travel 5.0 m and end 3.0 m ahead and 4.0 m to the left" in words


def test_a_turn_through_the_back_in_words():
    joints = standing()
    angles = np.radians(np.linspace(0, 270, 41))[:, None]
    x, z = joints[..., 0].copy(), joints[..., 2].copy()
    joints[..., 0] = np.cos(angles) * x + np.sin(angles) * z
    joints[..., 2] = -np.sin(angles) * x + np.cos(angles) * z
    assert "turns 270° to the left" in described(joints, HUMANML3D_22)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_what_the_viewer_is_told_of_a_skeleton(skeleton):
    record = skeleton_record(skeleton)
    assert len(record["sides"]) == len(record["parents"]) == skeleton.num_joints
    assert skeleton.joint_names[record["head"]] == "head"
    sides = dict(zip(skeleton.joint_names, record["sides"], strict=True))
    assert (sides["left_knee"], sides["right_wrist"], sides["neck"]) == ("L", "R", "M")
