"""BVH for animation programs."""

from collections.abc import Mapping

from audiomotion.config.exporters import BvhConfig
from audiomotion.motion.bvh_writing import bvh_text
from audiomotion.motion.rig import rig_of
from audiomotion.pipeline.formats.base import Exporter
from audiomotion.pipeline.motion import GeneratedMotion


class BvhExporter(Exporter[BvhConfig]):
    """One hierarchy, one clip."""

    def files(self, motion: GeneratedMotion) -> Mapping[str, bytes]:
        """Return the file."""
        rig = rig_of(motion.joints, motion.skeleton)
        return {".bvh": bvh_text(rig, self.config.unit).encode()}
