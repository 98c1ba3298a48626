import json
import platform
from dataclasses import asdict, replace
from importlib.metadata import version

import pytest

from audiomotion.errors import ClusterError
from audiomotion.orchestrate.submitting.checking import raise_for_findings
from audiomotion.orchestrate.submitting.node import NodeFacts, Questions
from audiomotion.orchestrate.submitting.verdict import ClusterFacts, Finding, judge

FINE = NodeFacts(
    node="10.0.0.1 (a)",
    host="a",
    python=platform.python_version(),
    versions={"torch": version("torch")},
    free_gigabytes=100.0,
    tracker="http://head:5000",
)
OTHER = replace(FINE, node="10.0.0.2 (b)", host="b")
SHARED = Questions(nonce="n", store="/shared/store")


def failing(*nodes: NodeFacts, questions: Questions = SHARED, **unseen: list[str]) -> list[str]:
    facts = ClusterFacts(
        nodes, {name.replace("_", "."): marks for name, marks in unseen.items()}, ()
    )
    return [item.text for item in judge(facts, questions) if item.grade == "fail"]


def test_a_cluster_that_is_fine_has_nothing_against_it() -> None:
    findings = judge(ClusterFacts((FINE, OTHER), {}, ()), SHARED)
    assert {finding.grade for finding in findings} == {"ok"}
    assert {finding.topic for finding in findings} == {
        *("nodes", "versions", "store", "tracker", "disk", "gpus")
    }


def test_what_a_probe_brings_back_survives_json() -> None:
    facts = ClusterFacts((replace(FINE, gpus=("A",)), OTHER), {"x": ["y"]}, ("z",))
    assert ClusterFacts.from_json(json.loads(json.dumps(asdict(facts)))) == facts


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"unmet": ("torch is not installed (torch>=2)",)}, "torch is not installed"),
        ({"python": "3.12.1"}, "Python differs: "),
        ({"versions": {"torch": "2.0"}}, "torch differs: "),
        ({"versions": {}}, "none on 10.0.0.2 (b)"),
        ({"cuda": "12.8"}, "torch's CUDA differs: none on 10.0.0.1 (a); 12.8 on 10.0.0.2 (b)"),
        ({"store_problem": "there is no folder /shared"}, "10.0.0.2 (b): there is no folder"),
        ({"tracker_problem": "MLflow does not answer"}, "10.0.0.2 (b): MLflow does not answer"),
        ({"missing_folders": ("/raw/KIT-ML",)}, "raw data: there is no folder /raw/KIT-ML"),
        ({"free_gigabytes": 0.4}, "10.0.0.2 (b): 0 GB free"),
        ({"torch_sees_gpu": False, "gpus": ("H100",)}, "torch (CUDA none) sees none (H100)"),
    ],
)
def test_one_bad_node_is_named(change, expected) -> None:
    (problem,) = failing(FINE, replace(OTHER, **change))
    assert expected in problem
    assert "10.0.0.2 (b)" in problem


def test_everything_that_is_wrong_is_said_at_once() -> None:
    bad = replace(OTHER, store_problem="x", tracker_problem="y", python="3.12.1")
    assert len(failing(FINE, bad)) == 3


def test_folders_that_are_not_shared_are_told_from_those_that_cannot_be_written() -> None:
    (problem,) = failing(FINE, OTHER, **{"10_0_0_1": ["10.0.0.2"]})
    assert "each node has a folder of its own" in problem
    (problem,) = failing(
        FINE, replace(OTHER, store_problem="read-only"), **{"10_0_0_1": ["10.0.0.2"]}
    )
    assert problem == "10.0.0.2 (b): read-only"


def test_a_laptop_s_folder_is_no_store() -> None:
    asked = replace(SHARED, witness="submitter")
    (problem,) = failing(FINE, questions=asked, **{"10_0_0_1": ["submitter"]})
    assert "is another folder than the one on this machine" in problem
    assert "s3://" in problem


@pytest.mark.parametrize("tracker", ["", "sqlite:////shared/mlflow.db"])
def test_sqlite_is_for_one_machine(tracker: str) -> None:
    nodes = replace(FINE, tracker=tracker), replace(OTHER, tracker=tracker)
    (problem,) = failing(*nodes)
    assert "no tracking server for several machines; start `mlflow server`" in problem
    assert failing(nodes[0]) == []
    assert failing(nodes[0], replace(nodes[1], host=nodes[0].host)) == []
    (problem,) = failing(nodes[0], questions=replace(SHARED, store="s3://bucket/path"))
    assert "MLFLOW_TRACKING_URI" in problem


def test_a_node_that_is_silent_is_a_problem() -> None:
    facts = ClusterFacts((FINE,), {}, ("10.0.0.9 does not answer: lost",))
    assert [item.topic for item in judge(facts, SHARED) if item.grade == "fail"] == ["nodes"]


def test_other_versions_than_here_are_only_a_warning() -> None:
    nodes = tuple(replace(node, versions={"torch": "2.0"}) for node in (FINE, OTHER))
    findings = judge(ClusterFacts(nodes, {}, ()), SHARED)
    (warning,) = [finding for finding in findings if finding.grade != "ok"]
    assert warning.grade == "warn"
    here = version("torch").partition("+")[0]
    assert warning.text == f"the nodes have torch 2.0 (here {here})"
    other_build = tuple(replace(node, versions={"torch": f"{here}+cu999"}) for node in nodes)
    grades = {finding.grade for finding in judge(ClusterFacts(other_build, {}, ()), SHARED)}
    assert grades == {"ok"}


def test_hub_weights_can_be_fetched_and_folders_cannot() -> None:
    asked = replace(SHARED, weights=("a/b", "/weights"))
    findings = judge(
        ClusterFacts((replace(FINE, missing_weights=("a/b", "/weights")),), {}, ()), asked
    )
    grades = [finding.grade for finding in findings if finding.topic == "weights"]
    assert grades == ["warn", "fail"]


def test_warnings_are_said_and_failures_raised_together() -> None:
    said: list[str] = []
    warning = Finding("disk", "warn", "little room")
    raise_for_findings([warning, Finding("store", "ok", "fine")], said.append)
    assert said == ["warning: little room"]
    bad = [Finding("store", "fail", "one"), Finding("nodes", "fail", "two")]
    with pytest.raises(ClusterError, match="one\ntwo"):
        raise_for_findings(bad, said.append)
