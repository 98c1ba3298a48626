"""`python -m audiomotion.orchestrate.submitting.probe`: ask every node of a cluster.

It is the entry point of a short job; the answer is one marked line of JSON in the job's log.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from audiomotion.orchestrate.submitting.marks import RESULT_MARK
from audiomotion.orchestrate.submitting.node import NodeFacts, Questions, node_facts
from audiomotion.orchestrate.submitting.shared_store import remove_marks, unseen_marks
from audiomotion.orchestrate.submitting.verdict import ClusterFacts

QUESTIONS: Final = "AMX_PROBE"
"""Variable with the questions, as JSON."""

_SECONDS_A_ROUND: Final = 90.0


def read_questions(text: str) -> Questions:
    """Return the questions that were written as JSON."""
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in json.loads(text).items()
    }
    return Questions(**values)


def probe(questions: Questions) -> ClusterFacts:
    """Ask every living node, all at once; this process is connected to Ray.

    In the first round each node leaves its mark in the store, in the second each looks for all.
    """
    nodes = _living_nodes()
    facts, silent = _asked(
        {name: (node_facts, node, (name, _gpus(node), questions)) for name, node in nodes.items()}
    )
    marks = [*facts, *([questions.witness] if questions.witness else [])]
    looking = (questions.store, questions.nonce, marks)
    unseen, gone = _asked({name: (unseen_marks, nodes[name], looking) for name in facts})
    remove_marks(questions.store, questions.nonce, list(facts))
    answers: list[NodeFacts] = [facts[name] for name in sorted(facts)]
    missed = {name: list(found) for name, found in unseen.items() if found}
    return ClusterFacts(tuple(answers), missed, (*silent, *gone))


def _living_nodes() -> dict[str, Mapping[str, Any]]:
    """Return the nodes by a name that no two of them share: several may have one address."""
    import ray

    found: dict[str, Mapping[str, Any]] = {}
    for node in ray.nodes():  # type: ignore[no-untyped-call]
        if node["Alive"]:
            address = str(node["NodeManagerAddress"])
            found[address if address not in found else f"{address}-{node['NodeID'][:6]}"] = node
    return found


def _gpus(node: Mapping[str, Any]) -> float:
    return float(node["Resources"].get("GPU", 0))


def _asked(
    questions: Mapping[str, tuple[Any, Mapping[str, Any], Sequence[Any]]],
) -> tuple[dict[str, Any], list[str]]:
    """Run a function on each node; return what came back by node, and which did not answer."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    handles = {}
    for name, (function, node, arguments) in questions.items():
        pinned = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        task = ray.remote(function).options(
            num_cpus=0, scheduling_strategy=pinned, max_retries=0, name=f"probe:{name}"
        )
        handles[name] = task.remote(*arguments)
    ray.wait(list(handles.values()), num_returns=len(handles), timeout=_SECONDS_A_ROUND)
    answers, silent = {}, []
    for name, handle in handles.items():
        try:
            answers[name] = ray.get(handle, timeout=0)
        except Exception as error:  # lost, too slow, or its environment could not be made
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            silent.append(f"{name} does not answer: {reason}; see the node, or remove it")
    return answers, silent


def main() -> None:
    """Connect to the cluster that this job runs on, ask, print."""
    import ray

    ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
    facts = probe(read_questions(os.environ[QUESTIONS]))
    print(f"{RESULT_MARK}{json.dumps(asdict(facts))}", flush=True)


if __name__ == "__main__":
    main()
