"""What is tried again, how often, and where: worker lost, memory exhausted."""

from typing import Final, Literal

from audiomotion.config.runtime import Resources
from audiomotion.errors import ClusterError
from audiomotion.orchestrate.failures import MEMORY_KINDS, Failure, FailureKind
from audiomotion.orchestrate.placement import asked_for
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage

_MOST_LOSSES: Final = 3
"""Losses of a stage in a row, without anything kept in between, after which it is given up."""

Alone = Literal["node", "gpu"]
"""What a stage has for itself on its second try after memory was exhausted."""


class Attempts:
    """The attempts at each stage of a launch.

    A lost worker is nobody's fault, so it costs nothing, as long as each attempt gets further.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._num_lost: dict[str, int] = {}
        self._kept: dict[str, frozenset[str]] = {}
        self._lost_on: dict[str, str] = {}
        self._exhausted: dict[str, FailureKind] = {}

    def avoided(self, stage: AnyStage) -> tuple[str, ...]:
        """Return the node on which a stage was lost last."""
        return tuple(node for node in (self._lost_on.get(stage.fingerprint),) if node is not None)

    def alone(self, stage: AnyStage, asked: Resources) -> Alone | None:
        """Return what a stage now needs for itself."""
        exhausted = self._exhausted.get(stage.fingerprint)
        if exhausted is None:
            return None
        return "gpu" if exhausted == "gpu_memory" and asked.gpus > 0 else "node"

    def after_loss(self, stage: AnyStage, node: str | None, how: str) -> Failure | None:
        """Take note of a lost worker; return the failure where it is not tried again."""
        key = stage.fingerprint
        kept = self._store.kept(key)
        progressed = key in self._kept and not kept <= self._kept[key]
        self._num_lost[key] = 1 if progressed else self._num_lost.get(key, 0) + 1
        self._kept[key] = kept
        if node is not None:
            self._lost_on[key] = node
        if self._num_lost[key] < _MOST_LOSSES:
            return None
        reason = (
            f"the worker of stage {stage.name} was lost {_MOST_LOSSES} times in a row without "
            f"progress ({how}); see the memory and the logs of the nodes, then run it again"
        )
        return Failure(stage, reason, ClusterError.exit_code, "lost")

    def after_exhaustion(
        self, stage: AnyStage, failure: Failure, asked: Resources
    ) -> Failure | None:
        """Take note that memory was exhausted; return the failure where it is not tried again."""
        assert failure.kind in MEMORY_KINDS
        if stage.fingerprint not in self._exhausted:
            self._exhausted[stage.fingerprint] = failure.kind
            return None
        return exhausted(failure, asked, "also with nothing beside it")


def exhausted(failure: Failure, asked: Resources, where: str) -> Failure:
    """Return the failure of a stage whose memory is not enough, with what to do."""
    memory = "GPU" if failure.kind == "gpu_memory" else "host"
    reason = (
        f"{memory} memory was not enough, {where} (runtime.stages.{failure.stage.name} asks for "
        f"{asked_for(asked)}): {failure.reason}; use a larger machine, or lower the batch size "
        "yourself: it changes the result"
    )
    return Failure(failure.stage, reason, ClusterError.exit_code, failure.kind)
