"""Carrying motion capture over to a published skeleton: its joints, bone lengths and frame rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from audiomotion.errors import DataError
from audiomotion.motion import kinematics
from audiomotion.motion.bvh import BvhClip, LengthUnit, Units, length_unit
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.skeleton import HUMANML3D_22, Skeleton


@dataclass(frozen=True)
class JointSource:
    """A point on a chain of source joints: a joint itself, or a fraction of the way along."""

    chain: tuple[str, ...]
    """Names of source joints, each the next one's neighbour on the body."""
    fraction: float = 0.0
    """Part of the chain's length from its first joint, 0 to 1."""


@dataclass(frozen=True, eq=False)
class SkeletonMapping:
    """Where the joints of a target skeleton lie on another hierarchy, whose Y axis is up.

    The body's left must be at +x when it faces +z, as in the published skeletons.
    """

    name: str
    target: Skeleton
    sources: Mapping[str, JointSource]
    """The source of every joint of `target`, by its name."""

    def __post_init__(self) -> None:
        assert set(self.sources) == set(self.target.joint_names), "one source for each joint"


@dataclass(frozen=True, eq=False)
class RetargetedClip:
    """A clip on the target skeleton."""

    joints: FloatArray
    """World positions `(T, J, 3)` at the skeleton's frame rate, with the target's bone lengths."""
    unit: LengthUnit
    """The unit that the source was read in."""


def retarget_clip(clip: BvhClip, mapping: SkeletonMapping, units: Units = "auto") -> RetargetedClip:
    """Map, resample and resize a clip.

    Every bone keeps its direction and gets the target's length; the root path is scaled by the
    ratio of leg lengths. Resampling comes first, so that bones are exact in every frame.

    Raises:
        DataError: The hierarchy lacks a joint of the mapping, its unit cannot be told, or a bone
            has no direction.
    """
    unit = length_unit(clip, units)
    joints = map_joints(clip, mapping)
    return RetargetedClip(fit_joints(joints, clip.fps, unit.metres, mapping.target), unit)


def fit_joints(joints: FloatArray, fps: float, metres: float, skeleton: Skeleton) -> FloatArray:
    """Give joints `(T, J, 3)` in units of `metres` a skeleton's frame rate and bones: its units.

    Raises:
        DataError: A bone has no direction.
    """
    resampled = resample(joints, fps, skeleton.fps)
    resampled *= metres * skeleton.units_per_metre
    return kinematics.retarget(resampled, skeleton, skeleton.target_offsets.astype(np.float64))


def map_joints(clip: BvhClip, mapping: SkeletonMapping) -> FloatArray:
    """Place the target's joints `(T, J, 3)` on the source body, in the source's units.

    Raises:
        DataError: The hierarchy lacks a joint of the mapping.
    """
    used = {name for source in mapping.sources.values() for name in source.chain}
    missing = sorted(used - set(clip.joint_names))
    if missing:
        raise DataError(
            f"the hierarchy has no joint {', '.join(missing)}, which the mapping '{mapping.name}' "
            f"needs; it has {', '.join(clip.joint_names)}: choose or write another mapping"
        )
    sources = [mapping.sources[name] for name in mapping.target.joint_names]
    weights = np.stack([_weights(clip, source) for source in sources])
    placed: FloatArray = weights @ clip.positions
    return placed


def _weights(clip: BvhClip, source: JointSource) -> FloatArray:
    """Weight of each source joint in the point; fixed over the clip, since bones are rigid."""
    joints = [clip.joint_names.index(name) for name in source.chain]
    bones = [clip.positions[:, end] - clip.positions[:, start] for start, end in pairwise(joints)]
    lengths = [float(np.median(np.linalg.norm(bone, axis=-1))) for bone in bones]
    weights = np.zeros(len(clip.joint_names))
    remaining = source.fraction * sum(lengths)
    for start, end, length in zip(joints[:-1], joints[1:], lengths, strict=True):
        if remaining <= length:
            weights[[start, end]] = 1.0 - remaining / length, remaining / length
            return weights
        remaining -= length
    weights[joints[-1]] = 1.0
    return weights


def resample(positions: FloatArray, fps: float, target_fps: float) -> FloatArray:
    """Interpolate positions `(T, ...)` linearly at the times k / `target_fps` of the clip."""
    last = len(positions) - 1
    # The tolerance keeps the last frame where last / fps * target_fps is whole but for rounding.
    num_frames = int(np.floor(last / fps * target_fps + 1e-6)) + 1
    times = np.minimum(np.arange(num_frames) * (fps / target_fps), last)
    before = np.minimum(times.astype(int), max(last - 1, 0))
    share = (times - before).reshape(-1, *[1] * (positions.ndim - 1))
    after = np.minimum(before + 1, last)
    resampled: FloatArray = (1.0 - share) * positions[before] + share * positions[after]
    return resampled


def _bandai_sources() -> dict[str, JointSource]:
    """Place the 22 joints on the hierarchy of the Bandai-Namco-Research-Motiondataset."""
    direct = {"neck": "Neck", "head": "Head"}
    limbs = {
        **{"hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot", "foot": "Toes"},
        **{"collar": "Shoulder", "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand"},
    }
    for side in ("left", "right"):
        suffix = side[0].upper()
        direct |= {f"{side}_{target}": f"{name}_{suffix}" for target, name in limbs.items()}
    spine = {joint: _bandai_spine(joint) for joint in ("pelvis", "spine1", "spine2", "spine3")}
    return spine | {target: JointSource((name,)) for target, name in direct.items()}


def _bandai_spine(joint: str) -> JointSource:
    """Spread the target's spine over the source's, in proportion to the target's bones.

    The pelvis stands 4.5 cm above the source's hips: hip bones then point 17 to 21 degrees away
    from HumanML3D's mean direction instead of 44 to 47. spine3 has no counterpart in the source.
    """
    names = ("pelvis", "spine1", "spine2", "spine3", "neck")
    target = HUMANML3D_22
    lengths = [target.bone_lengths[target.joint_names.index(name)] for name in names]
    above_pelvis = sum(lengths[: names.index(joint) + 1]) / sum(lengths)
    hips_to_neck_cm, raised_cm = 41.107, 4.5
    along_cm = raised_cm + above_pelvis * (hips_to_neck_cm - raised_cm)
    return JointSource(("Hips", "Spine", "Chest", "Neck"), along_cm / hips_to_neck_cm)


BANDAI_MAPPING = SkeletonMapping(
    name="bandai", target=HUMANML3D_22, sources=MappingProxyType(_bandai_sources())
)


def known_mapping(clip: BvhClip, skeleton: Skeleton) -> SkeletonMapping | None:
    """Return where a skeleton's joints lie on a hierarchy that names them as it, or as Bandai's."""
    if set(skeleton.joint_names) <= set(clip.joint_names):
        sources = {name: JointSource((name,)) for name in skeleton.joint_names}
        return SkeletonMapping("the skeleton's own joint names", skeleton, sources)
    needed = {name for joint in BANDAI_MAPPING.sources.values() for name in joint.chain}
    is_bandai = skeleton is BANDAI_MAPPING.target and needed <= set(clip.joint_names)
    return BANDAI_MAPPING if is_bandai else None
