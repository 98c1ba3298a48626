"""How the Ray tasks of stages end."""

from dataclasses import dataclass
from typing import Any, Literal

from audiomotion.errors import first_line
from audiomotion.orchestrate.failures import Failure, failure_of
from audiomotion.orchestrate.worker import Busy
from audiomotion.stages.base import AnyStage


@dataclass(frozen=True)
class Lost:
    """A task that ended without our code's doing."""

    how: str
    node_died: bool


Done = Literal["done"]
Outcome = Done | Busy | Lost | Failure
"""How a stage's task ended."""

Ended = Outcome | Literal["stopped"]
"""What a task itself says of that; `stopped`: it has saved where it was, as it was told to."""


def outcome_of(stage: AnyStage, handle: Any) -> Outcome:
    """Return what a task, or a worker of a group, that has ended came to."""
    import ray.exceptions

    try:
        outcome: Ended = ray.get(handle)
    except ray.exceptions.OutOfMemoryError as error:
        return Failure(stage, first_line(error), kind="host_memory")
    except (ray.exceptions.RayTaskError, ray.exceptions.RuntimeEnvSetupError) as error:
        return failure_of(stage, error)  # before our code ran: an import, say
    except ray.exceptions.RayError as error:
        return Lost(type(error).__name__, isinstance(error, ray.exceptions.NodeDiedError))
    if outcome == "stopped":
        return Lost("it was told to stop, as when its node is drained", node_died=False)
    return outcome
