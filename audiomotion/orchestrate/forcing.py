"""Computing artifacts again that are there: they are thrown away first."""

from collections.abc import Collection
from dataclasses import dataclass

from audiomotion.orchestrate.plan import Fingerprint, Plan
from audiomotion.orchestrate.store import ArtifactStore


@dataclass(frozen=True)
class Discarded:
    """What is thrown away."""

    artifacts: int
    num_bytes: int
    seconds: float
    """Time that it took to compute."""


def what_forcing_discards(
    plan: Plan, forced: Collection[Fingerprint], store: ArtifactStore
) -> Discarded:
    """Return what there is of the forced stages."""
    stages = (plan.stages[key] for key in forced)
    found = [artifact for artifact in map(store.find, stages) if artifact is not None]
    return Discarded(
        len(found),
        sum(artifact.num_bytes for artifact in found),
        sum(artifact.seconds for artifact in found),
    )


def discard(plan: Plan, forced: Collection[Fingerprint], store: ArtifactStore) -> None:
    """Delete the artifacts of the forced stages, and what runs that did not end left of them.

    What builds on others goes first: at whatever moment this process dies, what is left is whole,
    and the plan without `--force` computes what is missing. An artifact that another process is
    making is waited for.
    """
    for key in reversed([key for key in plan.stages if key in forced]):
        with store.claim(key):
            store.remove(plan.stages[key])
            store.forget_work(key)
