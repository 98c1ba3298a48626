"""What there is to run stages on."""

import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True)
class Slots:
    """Cores and GPUs that stages share."""

    cpus: float
    gpus: float = 0.0

    most_stages: int | None = None
    """Stages at the same time; None leaves it to their resources."""


def slots_here(*, one_by_one: bool = False) -> Slots:
    """Return what this machine has; torch, which takes seconds, is not asked."""
    return Slots(os.cpu_count() or 1, _count_gpus(), 1 if one_by_one else None)


def _count_gpus() -> int:
    """Return the GPUs that torch will see: none without a driver, or where torch has no CUDA."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if not _torch_has_cuda() or not _DRIVER.is_dir():
        return 0
    present = sum(1 for _ in _DRIVER.iterdir())
    if visible is None:
        return present
    return min(
        present, len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    )


def _torch_has_cuda() -> bool:
    try:
        return "+cpu" not in version("torch")
    except PackageNotFoundError:
        return False
