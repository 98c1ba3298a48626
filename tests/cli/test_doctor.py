import json
import os
from pathlib import Path

import pytest

from audiomotion.cli.doctor import _exit_code
from audiomotion.orchestrate.submitting.verdict import Finding
from tests.cli.command_line import amx
from tests.orchestrate.ray_head import free_ports


def rows(*args: object) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """Return the exit code, and grade and text of what the doctor found, by topic."""
    ended = amx("doctor", *args, "--json")
    found: dict[str, list[tuple[str, str]]] = {}
    for row in json.loads(ended.out):
        found.setdefault(row["topic"], []).append((row["grade"], row["text"]))
    return ended.code, found


def test_a_machine_that_is_fine_passes(finished: Path) -> None:
    code, found = rows("--store", finished, "--dataset", "demo")
    assert code == 0, found
    assert set(found) == {*("nodes", "versions", "store", "tracker", "disk", "gpus", "records")} | (
        {"weights"} & set(found)
    )
    assert found["records"] == [("ok", "no launch is open that nobody runs")]
    assert not list(finished.glob("probe-*"))


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    code, found = rows("--store", tmp_path / "a" / "store")
    assert (code, found["store"][0][0]) == (0, "ok")
    assert "records" not in found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_store_that_cannot_be_made_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    code, found = rows("--store", tmp_path / "store")
    assert (code, found["store"][0][0]) == (4, "fail")


def test_a_store_that_is_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, found = rows("--store", tmp_path / "file")
    assert (code, found["store"][0][0]) == (4, "fail")


def test_a_tracking_server_that_is_gone_fails(finished: Path, monkeypatch) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    code, found = rows("--store", finished)
    ((grade, text),) = found["tracker"]
    assert (code, grade) == (4, "fail")
    assert "does not answer" in text


@pytest.mark.parametrize(
    ("root", "says"),
    [((), "give --data-root"), (("--data-root", "/nothing"), "no folder /nothing")],
)
def test_data_that_is_missing_is_a_matter_of_data(root, says, tmp_path: Path) -> None:
    code, found = rows("--store", tmp_path / "store", "--dataset", "kit", *root)
    ((grade, text),) = found["data"]
    assert (code, grade) == (3, "fail")
    assert says in text


def test_weights_that_are_missing_are_a_matter_of_models(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("extends: demo\nextractor: {name: wavlm, weights: ./no-folder}\n")
    code, found = rows("--store", tmp_path / "store", "--dataset", recipe)
    ((grade, text),) = found["weights"]
    assert (code, grade) == (5, "fail")
    assert "no folder ./no-folder" in text


def test_lines_say_verdict_topic_and_finding(finished: Path) -> None:
    ended = amx("doctor", "--store", finished)
    assert ended.code == 0
    assert "ok    store     " in ended.out
    assert ended.problems == []


def test_an_experiment_that_does_not_exist_is_a_mistake() -> None:
    assert amx("doctor", "--dataset", "dmeo").code == 2


@pytest.mark.parametrize(
    ("topics", "code"), [(("data",), 3), (("weights",), 5), (("data", "store"), 4), (("disk",), 4)]
)
def test_the_exit_code_says_where_to_look_first(topics, code) -> None:
    assert _exit_code([Finding(topic, "fail", "") for topic in topics]) == code


def test_jobs_need_a_cluster() -> None:
    ended = amx("jobs", "list")
    assert (ended.code, ended.problem.startswith("which cluster? give --address")) == (2, True)


def test_local_stages_and_an_address_contradict_each_other() -> None:
    ended = amx("train", "demo", "--executor", "local", "--address", "http://127.0.0.1:1")
    assert (ended.code, "leave --address out" in ended.problem) == (2, True)


def test_a_mistake_is_found_before_any_cluster_is_asked() -> None:
    ended = amx("train", "demo", "--address", "http://127.0.0.1:1", "--set", "maskd.dropout=1")
    assert (ended.code, "maskd" in ended.problem) == (2, True)


def test_a_cluster_that_is_not_there_ends_in_its_exit_code(tmp_path, monkeypatch) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("HOME", str(tmp_path))
    ended = amx("train", "demo", "--address", f"http://127.0.0.1:{port}")
    assert (ended.code, "does not answer" in ended.problem) == (4, True)


def test_a_laptop_s_folder_is_refused_before_another_machine_is_asked(monkeypatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "x")
    monkeypatch.setenv("RAY_ADDRESS", "http://head.example:8265")
    ended = amx("ablate", "compressor", "--dataset", "demo")
    assert ended.code == 4
    assert "'amx-store' is a folder of this machine, which the cluster cannot see" in ended.problem
    assert "RAY_ADDRESS: http://head.example:8265" in ended.err


def test_what_is_made_anew_on_a_cluster_is_meant() -> None:
    where = ("--address", "http://127.0.0.1:1")
    ended = amx("train", "demo", *where, "--force", "rvq")
    assert (ended.code, "add --yes to mean it" in ended.problem) == (2, True)
    ended = amx("train", "demo", *where, "--only", "rqv")
    assert (ended.code, "rvq" in ended.problem) == (2, True)
