"""Curves over time that the choreography is written in: eases, holds, keys and repetitions."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from audiomotion.motion.skeleton import HUMANML3D_22

Curve = npt.NDArray[np.float64]

FPS = HUMANML3D_22.fps


def frame_times(seconds: float) -> Curve:
    """Return the times `(T,)` of the frames that cover `seconds`."""
    return np.arange(round(seconds * FPS) + 1) / FPS


def ease(progress: npt.ArrayLike) -> Curve:
    """Map 0..1 to 0..1 along a minimum-jerk curve; clipped outside."""
    u = np.clip(np.asarray(progress, dtype=np.float64), 0.0, 1.0)
    return u * u * u * (10.0 - 15.0 * u + 6.0 * u * u)


def keyed(times: Curve, keys: Sequence[float], values: Sequence[float]) -> Curve:
    """Interpolate `values` at `keys` (rising) with an ease between each two; constant outside."""
    ends, levels = np.asarray(keys, dtype=np.float64), np.asarray(values, dtype=np.float64)
    after = np.clip(np.searchsorted(ends, times, side="right"), 1, len(ends) - 1)
    span = ends[after] - ends[after - 1]
    return levels[after - 1] + (levels[after] - levels[after - 1]) * ease(
        (times - ends[after - 1]) / span
    )


def hold(times: Curve, start: float, rise: float, stay: float, fall: float) -> Curve:
    """Rise from 0 to 1 at `start`, stay there, and fall back to 0; all in seconds."""
    top = start + rise
    return keyed(times, (start, top, top + stay, top + stay + fall), (0.0, 1.0, 1.0, 0.0))


def repeated(
    times: Curve,
    start: float,
    period: float,
    count: int,
    keys: Sequence[float],
    values: Sequence[float],
) -> Curve:
    """Play a keyed cycle `count` times; `keys` run from 0 to 1 in each period."""
    cycle = (times - start) / period
    return keyed(cycle - np.clip(np.floor(cycle), 0, count - 1), keys, values)
