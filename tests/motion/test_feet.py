"""Feet that slide, and that stay."""

import numpy as np
import pytest

from audiomotion.motion.feet import cleaned, skating
from audiomotion.motion.kinematics import bone_vectors
from audiomotion.motion.skeleton import SKELETONS, Skeleton
from tests.motion.clips import rest_pose


def sliding(skeleton: Skeleton, frames: int = 20) -> np.ndarray:
    """A standing body in metres, knees a little bent, that is pushed along by 0.5 m/s."""
    pose = rest_pose(skeleton) / skeleton.units_per_metre
    for chain in skeleton.kinematic_chains[:2]:
        pose[chain[2], 2] += 0.12
    clip = np.tile(pose, (frames, 1, 1))
    clip[..., 0] += np.arange(frames)[:, None] * 0.5 / skeleton.fps * 0.2
    return clip


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_held_feet_stay_and_bones_keep_their_lengths(skeleton: Skeleton) -> None:
    clip = sliding(skeleton)
    contacts = np.zeros((len(clip), 4), bool)
    contacts[4:16, :2] = True
    assert skating(clip, contacts, skeleton) == pytest.approx(0.1)
    clean = cleaned(clip, contacts, skeleton).astype(np.float64)
    assert skating(clean, contacts, skeleton) < 1e-4
    lengths = [np.linalg.norm(bone_vectors(joints, skeleton), axis=-1) for joints in (clip, clean)]
    np.testing.assert_allclose(*lengths, atol=1e-5)
    untouched = [joint for joint in range(skeleton.num_joints)
                 if "left" not in skeleton.joint_names[joint]]  # fmt: skip
    np.testing.assert_allclose(clean[:, untouched], clip[:, untouched], atol=1e-6)
    np.testing.assert_allclose(clean[0], clip[0], atol=1e-6)


def test_without_contacts_nothing_moves() -> None:
    skeleton = SKELETONS["humanml3d_22"]
    clip, none = sliding(skeleton), np.zeros((20, 4), bool)
    assert skating(clip, none, skeleton) == 0
    np.testing.assert_allclose(cleaned(clip, none, skeleton), clip, atol=1e-6)
