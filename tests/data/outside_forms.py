"""One motion in each form that another system may give it in."""

import numpy as np

from audiomotion.motion.representation import features_to_joints
from audiomotion.motion.skeleton import Skeleton
from tests.motion.bvh_files import SIX, Joint, bvh_text, depth_first


def joints_of(features: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Return a frame of joints more than there are frames of features, as features lose one."""
    return features_to_joints(np.concatenate([features, features[-1:]]), skeleton)


def bvh_of(joints: np.ndarray, skeleton: Skeleton, fps: float) -> str:
    """Write joints (T, J, 3) as a BVH file whose joints move and do not turn."""
    names, parents = skeleton.joint_names, skeleton.parents
    made = [
        Joint(name, names[parent] if parent >= 0 else None, (0.0, 0.0, 0.0), SIX)
        for name, parent in zip(names, parents, strict=True)
    ]
    columns = []
    for joint in depth_first(made):
        index = names.index(joint.name)
        above = joints[:, parents[index]] if parents[index] >= 0 else 0.0
        columns.append(np.pad(joints[:, index] - above, ((0, 0), (0, 3))))
    return bvh_text(made, np.concatenate(columns, axis=1), f"{1 / fps:.7f}")
