"""What a stage took beside time: cores, GPUs, the most memory."""

import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

_RESET: Final = Path("/proc/self/clear_refs")
"""Linux: writing 5 makes the high-water mark of memory what the process has now."""
_RESET_PEAK: Final = "5"
_STATUS: Final = Path("/proc/self/status")
_PEAK: Final = "VmHWM:"


@dataclass(frozen=True)
class Used:
    """What one stage took, all attempts together. None is not recorded."""

    cpu_seconds: float = 0.0
    """Of the process and of the programs that it started and that have ended.

    Of a group that trains together: the first worker's times their number, since they share each
    batch equally.
    """

    gpu_seconds: float = 0.0
    """Wall time × GPUs held, or shares of one; 0 on the CPU."""

    peak_host_bytes: int | None = None
    """Most resident memory of the process, what it held before the stage included."""

    peak_gpu_bytes: int | None = None
    """Most GPU memory that torch had allocated; None on the CPU."""

    @classmethod
    def of(cls, noted: Mapping[str, Any]) -> "Used":
        """Return what was noted, by this version or an earlier one."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in noted.items() if name in known})

    def after(self, earlier: "Used") -> "Used":
        """Return this attempt and an earlier one together."""
        return Used(
            self.cpu_seconds + earlier.cpu_seconds,
            self.gpu_seconds + earlier.gpu_seconds,
            _largest(self.peak_host_bytes, earlier.peak_host_bytes),
            _largest(self.peak_gpu_bytes, earlier.peak_gpu_bytes),
        )

    def with_helpers(self, counts: Mapping[str, float]) -> "Used":
        """Return this with what helpers took for the shards that they made; see `helper_counts`."""
        own = asdict(self)
        for name, key in _HELPED.items():
            own[name] += counts.get(key, 0.0)
        return Used(**own)


_HELPED: Final = {"cpu_seconds": "helpers_cpu_seconds", "gpu_seconds": "helpers_gpu_seconds"}


def helper_counts(used: Used) -> dict[str, float]:
    """Return what a helper took for a shard, to be added up with the shard's own counts."""
    taken = asdict(used)
    return {key: taken[name] for name, key in _HELPED.items()}


def without_helpers(counts: Mapping[str, float]) -> dict[str, float]:
    """Return what was counted in all shards, without what helpers took."""
    return {key: value for key, value in counts.items() if key not in _HELPED.values()}


class Meter:
    """Measures what this process takes from now on.

    Where stages run one after the other in one process, as with the local executor, the process's
    own threads (progress, tracking) count too.
    """

    def __init__(self, device: str, num_gpus: float = 0.0, num_workers: int = 1) -> None:
        """Begin.

        Args:
            device: Torch device of the stage.
            num_gpus: GPUs, or the share of one, that each worker holds; 0 is one whole on `cuda`.
            num_workers: Workers that train together.
        """
        self._on_gpu = device.partition(":")[0] == "cuda"
        self._num_gpus = (num_gpus or 1.0) * num_workers if self._on_gpu else 0.0
        self._num_workers = num_workers
        self._has_peak = _reset_peak()
        if self._on_gpu:
            import torch

            torch.cuda.reset_peak_memory_stats()
        self._cpu = _cpu_seconds()
        self._started = time.monotonic()

    def used(self) -> Used:
        """Return what was taken so far."""
        return Used(
            cpu_seconds=(_cpu_seconds() - self._cpu) * self._num_workers,
            gpu_seconds=(time.monotonic() - self._started) * self._num_gpus,
            peak_host_bytes=_peak_bytes() if self._has_peak else None,
            peak_gpu_bytes=self._peak_gpu_bytes(),
        )

    def _peak_gpu_bytes(self) -> int | None:
        if not self._on_gpu:
            return None
        import torch

        return int(torch.cuda.max_memory_allocated())


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _reset_peak() -> bool:
    """Forget the process's peak memory so far; return whether the system does that."""
    if sys.platform != "linux":
        return False
    try:
        _RESET.write_text(_RESET_PEAK)
    except OSError:  # some containers forbid it
        return False
    return _peak_bytes() is not None


def _peak_bytes() -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    found = (line.split()[1] for line in lines if line.startswith(_PEAK))
    return next((int(kilobytes) * 1024 for kilobytes in found), None)


def _largest(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)
