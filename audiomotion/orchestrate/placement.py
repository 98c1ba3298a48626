"""Which node a stage goes to: an account of what is free on each living node."""

import math
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final

from audiomotion.config.runtime import Resources

_EPSILON: Final = 1e-6  # shares of a GPU add up to 1 only nearly


@dataclass(frozen=True)
class Node:
    """What a node has in all."""

    id: str
    host: str
    cpus: float
    gpus: int = 0
    memory_gb: float = math.inf
    accelerator: str | None = None

    def could_hold(self, asked: Resources) -> bool:
        """Return whether it could run a stage if it did nothing else."""
        return (
            asked.cpus <= self.cpus + _EPSILON
            and asked.gpus <= self.gpus + _EPSILON
            and (asked.memory_gb or 0) <= self.memory_gb + _EPSILON
            and asked.accelerator in (None, self.accelerator)
        )

    def __str__(self) -> str:
        gpus = f", {self.gpus} GPUs {self.accelerator or ''}".rstrip() if self.gpus else ""
        memory = f", {self.memory_gb:.0f} GB" if math.isfinite(self.memory_gb) else ""
        return f"{self.host}: {self.cpus:g} CPU cores{gpus}{memory}"


@dataclass
class _Account:
    """What is free on a node, and who holds what of it."""

    node: Node
    held: dict[tuple[Hashable, int], tuple[Resources, tuple[int, ...]]] = field(
        default_factory=dict
    )
    """What each holds, and on which GPUs."""

    def free_cpus(self) -> float:
        return self.node.cpus - sum(asked.cpus for asked, _ in self.held.values())

    def free_memory(self) -> float:
        return self.node.memory_gb - sum(asked.memory_gb or 0 for asked, _ in self.held.values())

    def free_gpus(self) -> list[float]:
        """Return the free share of each GPU."""
        free = [1.0] * self.node.gpus
        for asked, indices in self.held.values():
            for index in indices:
                free[index] -= min(asked.gpus, 1.0)
        return free

    def gpus_for(self, gpus: float) -> tuple[int, ...] | None:
        """Return the GPUs to use, the fullest that a share fits on; None where it does not fit."""
        if gpus == 0:
            return ()
        wanted, number = min(gpus, 1.0), math.ceil(gpus)
        free = self.free_gpus()
        fitting = [i for i in range(len(free)) if free[i] >= wanted - _EPSILON]
        fitting.sort(key=lambda index: free[index])
        return tuple(fitting[:number]) if len(fitting) >= number else None

    def fits(self, asked: Resources) -> bool:
        return (
            self.node.could_hold(asked)
            and asked.cpus <= self.free_cpus() + _EPSILON
            and (asked.memory_gb or 0) <= self.free_memory() + _EPSILON
            and self.gpus_for(asked.gpus) is not None
        )


class Room:
    """The nodes of a cluster, and what the stages of this driver hold of them.

    Others may use the same cluster: then Ray lets a stage wait on its node. A stage with several
    workers holds a place for each; on which of the nodes that have room Ray puts them is its own
    choice.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._places: dict[Hashable, list[str]] = {}
        self.has_lost_nodes = False

    @property
    def nodes(self) -> list[Node]:
        """The living nodes."""
        return [account.node for account in self._accounts.values()]

    @property
    def num_held(self) -> int:
        """How many stages, and helpers of stages, hold something."""
        return len(self._places)

    def update(self, nodes: Iterable[Node]) -> None:
        """Take over which nodes live; what is held on others is held no more."""
        living = {node.id: node for node in nodes}
        gone = self._accounts.keys() - living.keys()
        self.has_lost_nodes = self.has_lost_nodes or bool(gone)
        for key in gone:
            del self._accounts[key]
        for key, node in living.items():
            self._accounts.setdefault(key, _Account(node)).node = node

    def could_hold(self, asked: Resources) -> bool:
        """Return whether the living nodes could ever run a stage."""
        if asked.num_workers == 1:
            return any(node.could_hold(asked) for node in self.nodes)
        empty = Room()
        empty.update(self.nodes)
        return empty.place("all workers", asked) is not None

    def place(
        self,
        key: Hashable,
        asked: Resources,
        avoid: Collection[str] = (),
        closed: Collection[str] = (),
    ) -> Node | None:
        """Take room for a stage, all of it or none; None where there is no room now.

        Returns its node, of several workers the first one's.

        Args:
            key: What gives the room back.
            asked: What it needs.
            avoid: Nodes that are taken only if there is no other.
            closed: Nodes that are not taken.
        """
        nodes: list[Node] = []
        for _ in range(asked.num_workers):
            fitting = [
                account
                for account in self._accounts.values()
                if account.node.id not in closed and account.fits(asked)
            ]
            if not fitting:
                self.release(key)
                return None
            best = min(fitting, key=lambda account: _cost(account, asked, avoid))
            self._hold(best, key, asked)
            nodes.append(best.node)
        return nodes[0]

    def place_alone(
        self, key: Hashable, asked: Resources, avoid: Collection[str] = ()
    ) -> Node | None:
        """As `place`, for a stage that gets a whole node on which nothing of ours runs.

        Several workers get as many whole nodes as they need.
        """
        if asked.num_workers > 1:
            return self._place_group_alone(key, asked, avoid)
        idle = [
            account
            for account in self._accounts.values()
            if not account.held and account.node.could_hold(asked)
        ]
        if not idle:
            return None
        best = max(idle, key=lambda account: (account.node.id not in avoid, account.node.memory_gb))
        self._hold(best, key, whole(best.node, asked))
        return best.node

    def _place_group_alone(
        self, key: Hashable, asked: Resources, avoid: Collection[str]
    ) -> Node | None:
        used = [account.node.id for account in self._accounts.values() if account.held]
        first = self.place(key, asked, avoid, closed=used)
        for node_id in set(self._places.get(key, ())):
            account = self._accounts[node_id]
            rest = {"cpus": account.free_cpus(), "gpus": 0.0, "memory_gb": None}
            self._hold(account, key, asked.model_copy(update=rest))
        return first

    def to_empty(self, asked: Resources) -> list[str]:
        """Return the nodes to keep free for a stage that waits for whole ones.

        For one worker it is the least used, for several all that could hold one.
        """
        able = [one for one in self._accounts.values() if one.node.could_hold(asked)]
        able.sort(key=lambda one: len(one.held))
        return [one.node.id for one in able[: None if asked.num_workers > 1 else 1]]

    def _hold(self, account: _Account, key: Hashable, asked: Resources) -> None:
        indices = account.gpus_for(asked.gpus)
        assert indices is not None, "the caller looked whether it fits"
        places = self._places.setdefault(key, [])
        account.held[key, len(places)] = (asked, indices)
        places.append(account.node.id)

    def node_of(self, key: Hashable) -> str | None:
        """Return the node on which a stage, of several workers the first, was placed."""
        return next(iter(self._places.get(key, ())), None)

    def release(self, key: Hashable) -> None:
        """Give back what a stage held."""
        for number, node_id in enumerate(self._places.pop(key, ())):
            account = self._accounts.get(node_id)
            if account is not None:
                account.held.pop((key, number), None)


def whole(node: Node, asked: Resources) -> Resources:
    """Return all of a node, for a stage that asked for less."""
    return asked.model_copy(update={"cpus": node.cpus, "gpus": float(node.gpus)})


def whole_gpus(asked: Resources) -> Resources:
    """Return what is asked for with whole GPUs, which nobody shares."""
    return asked.model_copy(update={"gpus": float(math.ceil(asked.gpus))})


def _cost(
    account: _Account, asked: Resources, avoid: Collection[str]
) -> tuple[bool, bool, float, float]:
    """Return what is worse about a node: the smallest is taken.

    GPUs are left to those who need them, and shares fill a GPU before another is begun.
    """
    indices = account.gpus_for(asked.gpus) or ()
    left = sum(account.free_gpus()[index] for index in indices)
    wastes_gpus = asked.gpus == 0 and account.node.gpus > 0
    return account.node.id in avoid, wastes_gpus, left, -account.free_cpus()


def asked_for(asked: Resources) -> str:
    """Return what a stage asks for, in words."""
    parts = [f"{asked.cpus:g} CPU cores"]
    if asked.num_workers > 1:
        parts[0] = f"{asked.num_workers} workers with {parts[0]}"
    if asked.gpus:
        parts.append(f"{asked.gpus:g} GPUs {asked.accelerator or ''}".rstrip())
    if asked.memory_gb:
        parts.append(f"{asked.memory_gb:g} GB")
    return ", ".join(parts) + (" each" if asked.num_workers > 1 else "")
