"""What was spent, and what a training was given. Nothing recorded is None, never zero."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

TRAINED: Final = ("masked", "residual")
"""The parts that an arm trains for itself."""

OPERATIONS: Final = ("flops_per_sample", "compressor_flops_per_sample", "flops")
"""What follows of a training's operations from those of a forward pass."""

_BACKWARD_TOO: Final = 3
"""A training step beside its forward pass: the backward pass takes two products for each one."""


@dataclass(frozen=True)
class Spending:
    """What stages took."""

    seconds: float | None = None
    """Wall time, one after the other."""
    cpu_seconds: float | None = None
    gpu_seconds: float | None = None
    """Wall time × GPUs held."""
    peak_host_bytes: int | None = None
    peak_gpu_bytes: int | None = None


def spending(manifest: Mapping[str, Any]) -> Spending:
    """Return what the run of a stage took, from its artifact's manifest."""
    used = manifest.get("resources", {})
    names = ("cpu_seconds", "gpu_seconds", "peak_host_bytes", "peak_gpu_bytes")
    return Spending(manifest.get("seconds"), *(used.get(name) for name in names))


def total(parts: Iterable[Spending]) -> Spending:
    """Return several together: times added up, the largest memory; None where one is None."""
    known = list(parts)

    def joined(name: str, join: Callable[[Iterable[Any]], Any]) -> Any:
        values = [getattr(part, name) for part in known]
        return join(values) if values and None not in values else None

    return Spending(
        seconds=joined("seconds", sum),
        cpu_seconds=joined("cpu_seconds", sum),
        gpu_seconds=joined("gpu_seconds", sum),
        peak_host_bytes=joined("peak_host_bytes", max),
        peak_gpu_bytes=_largest(part.peak_gpu_bytes for part in known),
    )


def _largest(values: Iterable[int | None]) -> int | None:
    """Return the largest that is known: a stage on the CPU has none."""
    return max((value for value in values if value is not None), default=None)


@dataclass(frozen=True)
class Training:
    """One transformer with its own compressor: how large it is, what it was given."""

    spending: Spending
    parameters: int | None = None
    """Trainable ones, those of its compressor included."""
    compressor_parameters: int | None = None
    steps: int | None = None
    batch_size: int | None = None
    samples: int | None = None
    """Examples seen, over all steps."""
    num_examples: int | None = None
    """Training clips."""
    num_instructions: int | None = None
    """Instructions of these clips, of which each step draws one a clip."""
    forward_flops: float | None = None
    """Operations of a forward pass, per example."""
    compressor_flops: float | None = None
    """Those of them in the compressor."""

    @property
    def transformer_parameters(self) -> int | None:
        """Those that are not its compressor's."""
        if self.parameters is None or self.compressor_parameters is None:
            return None
        return self.parameters - self.compressor_parameters

    @property
    def flops_per_sample(self) -> float | None:
        """Operations per training example: forward pass × 3."""
        return None if self.forward_flops is None else _BACKWARD_TOO * self.forward_flops

    @property
    def compressor_flops_per_sample(self) -> float | None:
        """Those of them in the compressor."""
        return None if self.compressor_flops is None else _BACKWARD_TOO * self.compressor_flops

    @property
    def flops(self) -> float | None:
        """Operations of the whole training."""
        if self.flops_per_sample is None or self.samples is None:
            return None
        return self.flops_per_sample * self.samples


def training(manifest: Mapping[str, Any]) -> Training:
    """Return what the record of a training says; steps are known of older ones too."""
    facts = manifest.get("facts", {})
    sizes, given = facts.get("model", {}), facts.get("training", {})
    return Training(
        spending=spending(manifest),
        parameters=sizes.get("parameters"),
        compressor_parameters=sizes.get("compressor_parameters"),
        steps=given.get("steps") or manifest.get("steps") or None,
        **{name: given.get(name) for name in _GIVEN},
    )


_GIVEN: Final = (
    *("batch_size", "samples", "num_examples", "num_instructions"),
    *("forward_flops", "compressor_flops"),
)
