"""Whether a cluster can run a launch: what is wrong, node by node, and what is merely odd."""

import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Literal

from audiomotion.orchestrate.submitting.node import NodeFacts, Questions, is_hub_id
from audiomotion.orchestrate.submitting.shared_store import is_url

Grade = Literal["ok", "warn", "fail"]
Topic = Literal[
    "address", "records", "nodes", "versions", "store", "tracker", "data", "weights", "disk", "gpus"
]

_LEAST_GIGABYTES: Final = 1.0
_FEW_GIGABYTES: Final = 10.0


@dataclass(frozen=True)
class Finding:
    """One line of a check."""

    topic: Topic
    grade: Grade
    text: str
    """What was found; where it is no `ok`, what to do as well."""


@dataclass(frozen=True)
class ClusterFacts:
    """What a probe brings back."""

    nodes: tuple[NodeFacts, ...]
    unseen: dict[str, list[str]]
    """Node -> whose marks in the store it cannot read."""

    silent: tuple[str, ...]
    """Nodes that did not answer, each with the reason."""

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "ClusterFacts":
        """Return what `dataclasses.asdict` made JSON of."""
        nodes = tuple(_node_of(node) for node in content["nodes"])
        return cls(nodes, dict(content["unseen"]), tuple(content["silent"]))


def _node_of(content: dict[str, Any]) -> NodeFacts:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
    }
    return NodeFacts(**values)


def judge(facts: ClusterFacts, questions: Questions) -> list[Finding]:
    """Return a finding or more a topic, in the order of the topics."""
    findings: list[Finding] = []
    for check in (_nodes, _versions, _store, _tracker, _data, _weights, _disk, _gpus):
        findings += check(facts, questions)
    return findings


def _graded(topic: Topic, grade: Grade, problems: Iterable[str], fine: str) -> Iterator[Finding]:
    """Yield a finding for each problem, or one that says that all is well."""
    found = list(problems)
    for problem in found:
        yield Finding(topic, grade, problem)
    if not found:
        yield Finding(topic, "ok", fine)


def _nodes(facts: ClusterFacts, questions: Questions) -> Iterator[Finding]:
    del questions
    number = len(facts.nodes)
    fine = "1 node answers" if number == 1 else f"{number} nodes answer"
    yield from _graded("nodes", "fail", facts.silent, fine)


def _versions(facts: ClusterFacts, questions: Questions) -> Iterator[Finding]:
    del questions
    problems = [
        f"{node.node}: {problem}; install it on the node"
        for node in facts.nodes
        for problem in node.unmet
    ]
    problems += _disagreements(facts.nodes, "Python", lambda node: node.python)
    problems += _disagreements(facts.nodes, "torch's CUDA", lambda node: node.cuda or "none")
    names = sorted({name for node in facts.nodes for name in node.versions})
    for name in names:
        problems += _disagreements(facts.nodes, name, lambda node: node.versions.get(name, "none"))  # noqa: B023
    yield from _graded("versions", "fail", problems, f"{len(names)} packages agree on all nodes")
    for difference in _from_here(facts.nodes[:1], names):
        yield Finding("versions", "warn", difference)


def _disagreements(
    nodes: Sequence[NodeFacts], what: str, value_of: Callable[[NodeFacts], str]
) -> list[str]:
    places: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        places[value_of(node)].append(node.node)
    if len(places) < 2:
        return []
    listed = "; ".join(f"{value} on {', '.join(where)}" for value, where in places.items())
    return [f"{what} differs: {listed}; a result must not depend on the node: install one version"]


def _from_here(nodes: Sequence[NodeFacts], names: Sequence[str]) -> Iterator[str]:
    """Yield how the nodes differ from this machine, where only plans are made."""
    for node in nodes:
        pairs = [("Python", platform.python_version(), node.python)]
        pairs += [
            (name, _version_here(name), node.versions.get(name, "none").partition("+")[0])
            for name in names
        ]
        differing = [
            f"{name} {there} (here {here})" for name, here, there in pairs if here != there
        ]
        if differing:
            yield f"the nodes have {', '.join(differing)}"


def _version_here(name: str) -> str:
    """Return the version without the build: a CPU torch here plans for a CUDA torch there."""
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return "none"


def _store(facts: ClusterFacts, questions: Questions) -> Iterator[Finding]:
    if not questions.store:
        return
    problems = [f"{node.node}: {node.store_problem}" for node in facts.nodes if node.store_problem]
    unwritten = {node.node.partition(" ")[0] for node in facts.nodes if node.store_problem}
    for node, marks in facts.unseen.items():
        if questions.witness in marks and questions.witness:
            problems.append(
                f"{node}: {questions.store} is another folder than the one on this machine; a "
                "laptop's folder is no store for a cluster: give --store a folder that all nodes "
                "mount, or a URL (s3://BUCKET/PATH)"
            )
        others = [mark for mark in marks if mark not in unwritten | {questions.witness}]
        if others:
            problems.append(
                f"{node}: what {', '.join(others)} wrote into {questions.store} is not there: each "
                "node has a folder of its own; give --store one that all nodes share, or a URL"
            )
    yield from _graded("store", "fail", problems, f"{questions.store}: written and read by all")


def _tracker(facts: ClusterFacts, questions: Questions) -> Iterator[Finding]:
    problems = [
        f"{node.node}: {node.tracker_problem}" for node in facts.nodes if node.tracker_problem
    ]
    local = sorted({node.tracker for node in facts.nodes if _is_file(node.tracker)})
    one_machine = len({node.host for node in facts.nodes}) == 1 and not is_url(questions.store)
    for uri in local:
        if questions.store and not one_machine:
            problems.append(
                f"{uri or 'MLFLOW_TRACKING_URI is not set, and SQLite in the store'}: a file is no "
                "tracking server for several machines; start `mlflow server` where all nodes reach "
                "it (cluster.yaml does, on the head) and set MLFLOW_TRACKING_URI"
            )
    if not questions.store and local:
        return
    used = ", ".join(sorted({node.tracker or "SQLite in the store" for node in facts.nodes}))
    yield from _graded("tracker", "fail", problems, f"{used}: reached by all")


def _is_file(uri: str) -> bool:
    return not uri or uri.startswith(("sqlite:", "file:")) or "://" not in uri


def _data(facts: ClusterFacts, questions: Questions) -> Iterator[Finding]:
    problems = [
        f"{node.node}: raw data: there is no folder {folder}; give --data-root as the nodes have it"
        for node in facts.nodes
        for folder in node.missing_folders
    ]
    if questions.data_folders or problems:
        yield from _graded("data", "fail", problems, "raw data is there on all nodes")


def _weights(facts: ClusterFacts, questions: Questions) -> Iterator[Finding]:
    if not questions.weights:
        return
    for node in facts.nodes:
        for name in node.missing_weights:
            if is_hub_id(name):
                text = f"{name} is not in its cache; it fetches them, if it has a network"
                yield Finding("weights", "warn", f"{node.node}: {text}")
            else:
                text = f"there is no folder {name}; copy it there, or give a hub id"
                yield Finding("weights", "fail", f"{node.node}: {text}")
        if not node.missing_weights:
            names = ", ".join(questions.weights)
            yield Finding("weights", "ok", f"{node.node}: {names}")


def _disk(facts: ClusterFacts, questions: Questions) -> Iterator[Finding]:
    del questions
    for node in facts.nodes:
        free = f"{node.node}: {node.free_gigabytes:.0f} GB free"
        if node.free_gigabytes < _LEAST_GIGABYTES:
            yield Finding("disk", "fail", f"{free}; make room for artifacts and checkpoints")
        elif node.free_gigabytes < _FEW_GIGABYTES:
            yield Finding("disk", "warn", f"{free}; features of a whole data set need more")
        else:
            yield Finding("disk", "ok", free)


def _gpus(facts: ClusterFacts, questions: Questions) -> Iterator[Finding]:
    del questions
    for node in facts.nodes:
        if node.torch_sees_gpu is False:
            driver = ", ".join(node.gpus) or "nvidia-smi finds none"
            yield Finding(
                "gpus",
                "fail",
                f"{node.node}: Ray has GPUs here, torch (CUDA {node.cuda or 'none'}) sees none "
                f"({driver}); install a torch that fits the driver",
            )
        else:
            yield Finding("gpus", "ok", f"{node.node}: {', '.join(node.gpus) or 'no GPU'}")
