"""A trial while it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audiomotion.tune.record import TrialRecord, TrialStatus


@dataclass
class Trial:
    """What the journal says of one trial."""

    number: int
    params: Mapping[str, Any]
    """As Optuna chose them."""
    exact: Mapping[str, Any]
    """As they are written, and tried."""
    attributes: Mapping[str, Any]
    """What Optuna's sampler notes of its choice."""
    status: TrialStatus = "running"
    repeats: list[dict[str, float]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    violations: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    reused: int | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)

    @property
    def feasible(self) -> bool:
        """Whether no constraint is missed."""
        return all(violation <= 0 for violation in self.violations.values())

    def record(self) -> TrialRecord:
        """Return what is kept of it."""
        missed = [name for name, violation in self.violations.items() if violation > 0]
        return TrialRecord(
            number=self.number,
            params=dict(self.exact),
            status=self.status,
            repeats=tuple(self.repeats),
            values=tuple(self.values),
            reason=self.reason or (f"misses {', '.join(missed)}" if missed else ""),
            seconds=self.seconds,
            feasible=self.feasible,
            reused=self.reused,
        )
