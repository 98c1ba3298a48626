"""Reading one generated motion of another system: features, joints or BVH, to features."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.outside import OutsideManifest
from audiomotion.data.arrays import UNREADABLE
from audiomotion.errors import DataError
from audiomotion.motion.bvh import read_bvh
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.representation import checked_joints, joints_to_features
from audiomotion.motion.retarget import known_mapping, resample, retarget_clip
from audiomotion.motion.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class GivenMotion:
    """A motion as it was read."""

    features: NDArray[np.float32]
    """`(N, P)`, not normalised."""

    form: Literal["features", "joints", "BVH"]
    """What the file holds."""


@dataclass(frozen=True)
class MotionReader:
    """Reads motions of one folder for one data set."""

    skeleton: Skeleton
    manifest: OutsideManifest

    continuous_yaw: bool
    """How features of joints are computed: as the data set's own are."""

    def read(self, path: Path) -> GivenMotion:
        """Return the features of a motion.

        Joints `(T, J, 3)` keep their bones, as what is measured is what was generated; T frames
        give T - 1. A BVH file gets the bones of the skeleton.

        Raises:
            DataError: The file is damaged, or of another skeleton or frame rate, or not finite.
        """
        if path.suffix.lower() == ".bvh":
            return GivenMotion(self._features(self._bvh_joints(path)), "BVH")
        values = _load(path)
        if values.ndim == 3:
            return GivenMotion(self._features(self._resampled(values)), "joints")
        return GivenMotion(self._checked(values), "features")

    def _features(self, joints: FloatArray) -> NDArray[np.float32]:
        return joints_to_features(
            joints, self.skeleton, retarget=False, continuous_yaw=self.continuous_yaw
        )

    def _resampled(self, joints: NDArray[np.generic]) -> FloatArray:
        clip = checked_joints(joints, self.skeleton)
        return resample(clip, self.manifest.fps or self.skeleton.fps, self.skeleton.fps)

    def _bvh_joints(self, path: Path) -> FloatArray:
        clip = read_bvh(path)
        mapping = known_mapping(clip, self.skeleton)
        if mapping is None:
            raise DataError(
                f"has the joints {', '.join(clip.joint_names)}, which are not those of "
                f"{self.skeleton.name}; rename them, or give joints as an array"
            )
        return retarget_clip(clip, mapping, self.manifest.units).joints

    def _checked(self, values: NDArray[np.generic]) -> NDArray[np.float32]:
        skeleton, fps = self.skeleton, self.manifest.fps
        if values.ndim != 2 or values.shape[1] != skeleton.feature_dim:
            raise DataError(
                f"has shape {values.shape}; {skeleton.name} needs features (frames, "
                f"{skeleton.feature_dim}) or joints (frames, {skeleton.num_joints}, 3)"
            )
        if fps not in (None, skeleton.fps):
            raise DataError(
                f"holds features, which hold for {skeleton.fps:g} frames a second alone, and the "
                f"manifest says fps {fps:g}; give joints, which are resampled"
            )
        with np.errstate(over="ignore"):
            features = np.ascontiguousarray(values, np.float32)
        if not np.isfinite(features).all():
            raise DataError("holds values that are not finite")
        return features


def _load(path: Path) -> NDArray[np.generic]:
    """Read an array of real numbers."""
    try:
        values = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        raise DataError(f"cannot be read as an array ({' '.join(str(error).split())})") from error
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        raise DataError("holds no array of real numbers")
    return values
