"""Numbers for NumPy."""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.exporters import NpyConfig
from audiomotion.pipeline.formats.base import Exporter
from audiomotion.pipeline.motion import GeneratedMotion


class NpyExporter(Exporter[NpyConfig]):
    """`NAME.npy`: joints `(N, J, 3)` in metres; `NAME.features.npy`: `(N, P)` as generated."""

    def files(self, motion: GeneratedMotion) -> Mapping[str, bytes]:
        """Return both files."""
        return {".npy": _npy(motion.joints), ".features.npy": _npy(motion.features)}


def _npy(array: NDArray[np.float32]) -> bytes:
    held = BytesIO()
    np.save(held, np.ascontiguousarray(array, np.float32), allow_pickle=False)
    return held.getvalue()
