"""What a finished launch shows, and what becomes of a store that somebody damages."""

import json
from pathlib import Path

import pytest

from tests.cli.command_line import TINY, Ended, amx, train

STAGES = {
    "dataset", "speak", "features", "rvq", "evaluator", "masked", "residual", "evaluation",
    "reference",
    "length",
}  # fmt: skip


def fingerprint(store: Path, stage: str) -> str:
    listed = json.loads(amx("artifacts", "list", "--store", store, "--json").out)
    return next(item["fingerprint"] for item in listed if item["stage"] == stage)


def file_of(store: Path, stage: str, name: str) -> Path:
    return store / "artifacts" / stage / fingerprint(store, stage) / name


def test_the_table_is_the_output_and_all_else_is_not(first_run: tuple[Path, Ended]) -> None:
    store, ended = first_run
    assert ended.code == 0
    for words in ("tiny on demo", "real motion", "RVQ reconstruction", "FID"):
        assert words in ended.out
    assert "start  " not in ended.out
    for stage in STAGES:
        assert f"start  {stage} [" in ended.err
        assert f"done   {stage} [" in ended.err
    assert "(10/10)" in ended.err
    assert f"1 arm, 10 stages, 10 to run; store {store}" in ended.err
    assert f"amx ui --store {store}" in ended.err


def test_the_same_command_computes_nothing(
    first_run: tuple[Path, Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, first = first_run
    again = train(store)
    assert (again.code, again.out) == (0, first.out)
    assert "nothing to compute: launch tiny-demo-" in again.err
    assert "start" not in again.err
    monkeypatch.setenv("AMX_STORE", str(store))
    ended = amx("train", TINY, "--executor", "local")
    assert (ended.code, ended.out) == (0, first.out)
    assert ended.err.endswith("amx ui\n")


def test_a_table_as_json(finished: Path) -> None:
    ended = train(finished, "--json")
    table = json.loads(ended.out)
    assert ended.code == 0
    assert table["columns"]["arm"] == ["real motion", "RVQ reconstruction", "tiny"]
    assert all(value is not None for value in table["columns"]["fid"])
    assert any("20" in note for note in table["notes"])


def test_launches(finished: Path) -> None:
    (listed,) = json.loads(amx("runs", "list", "--store", finished, "--json").out)[-1:]
    assert (listed["title"], listed["dataset"], listed["status"]) == ("tiny", "demo", "done")
    lines = amx("runs", "list", "--store", finished).out.splitlines()
    assert any(line.startswith(f"{listed['id']}  done  1/1 arms  20") for line in lines)
    shown = amx("runs", "show", listed["id"], "--store", finished)
    assert shown.code == 0
    assert "real motion" in shown.out
    for key in listed["arms"][0]["fingerprints"].values():
        assert key[:16] in shown.out
    content = json.loads(amx("runs", "show", listed["id"], "--store", finished, "--json").out)
    assert content["run"]["id"] == listed["id"]
    assert content["table"]["title"] == "tiny"


def test_a_launch_that_is_not_there(finished: Path) -> None:
    ended = amx("runs", "show", "tiny-demo-00000000", "--store", finished)
    assert ended.code == 2
    assert "is not one of the launches" in ended.problem
    assert "tiny-demo-" in ended.problem.partition("launches")[2]


def test_artifacts(finished: Path) -> None:
    listed = json.loads(amx("artifacts", "list", "--store", finished, "--json").out)
    assert {item["stage"] for item in listed} == STAGES
    lines = amx("artifacts", "list", "--store", finished).out.splitlines()
    assert len(lines) == len(listed)
    key = fingerprint(finished, "rvq")
    shown = json.loads(amx("artifacts", "show", key[:10], "--store", finished).out)
    assert (shown["stage"], shown["fingerprint"]) == ("rvq", key)
    assert shown["config"]["codebook_size"] == 16
    assert shown["environment"]["torch"]


def test_a_beginning_that_fits_several(finished: Path) -> None:
    ended = amx("artifacts", "show", "", "--store", finished)
    assert ended.code == 2
    assert "artifacts" in ended.problem


def test_verify_finds_a_flipped_byte(damaged: Path) -> None:
    whole = amx("artifacts", "verify", "--store", damaged)
    assert whole.code == 0
    assert "are as they were written" in whole.out
    weights = file_of(damaged, "masked", "model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    ended = amx("artifacts", "verify", "--store", damaged)
    assert (ended.code, ended.out) == (3, "")
    assert ended.problem == f"{weights} has changed since it was written"


def test_verify_names_every_problem(damaged: Path) -> None:
    tokens = file_of(damaged, "rvq", "model.safetensors")
    tokens.unlink()
    curves = file_of(damaged, "masked", "curves.jsonl")
    curves.write_text(curves.read_text().replace("1", "2", 1))
    ended = amx("artifacts", "verify", "--store", damaged)
    assert ended.code == 3
    assert set(ended.problems) == {
        f"{tokens} is missing",
        f"{curves} has changed since it was written",
    }


def test_a_truncated_artifact_is_not_used(damaged: Path) -> None:
    weights = file_of(damaged, "rvq", "model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-8])
    for ended in (train(damaged), train(damaged, "--dry-run")):
        assert ended.code == 3
        assert str(weights) in ended.problem
        assert f"delete {weights.parent} and run again" in ended.problem


def test_a_damaged_manifest(damaged: Path) -> None:
    manifest = file_of(damaged, "rvq", "manifest.json")
    manifest.write_text(manifest.read_text()[:100])
    for ended in (amx("artifacts", "list", "--store", damaged), train(damaged)):
        assert ended.code == 3
        assert str(manifest) in ended.problem and "damaged" in ended.problem


def test_an_empty_store_has_nothing_to_verify(tmp_path: Path) -> None:
    assert "no artifacts" in amx("artifacts", "verify", "--store", tmp_path / "none").out


def test_one_arm_fails_alone(finished: Path, tmp_path: Path) -> None:
    axis = tmp_path / "fails.yaml"
    axis.write_text(
        "question: Which encoder?\nbaseline: log-mel\narms:\n  log-mel: {}\n"
        "  wavlm: {extractor: {name: wavlm, weights: /nowhere/wavlm}}\n"
    )
    ended = amx(
        "ablate", axis, "--dataset", TINY, "--executor", "local", "--store", finished, "--json"
    )
    assert ended.code == 1
    assert (
        ended.problem == "no result for wavlm (seed 0); the same command runs only what is missing"
    )
    columns = json.loads(ended.out)["columns"]
    log_mel, wavlm = columns["arm"].index("log-mel"), columns["arm"].index("wavlm")
    assert columns["fid"][log_mel] is not None and columns["fid"][wavlm] is None
    assert "/nowhere/wavlm" in columns["failed"][wavlm]


def test_a_cause_that_all_arms_share_is_the_exit_code(finished: Path) -> None:
    ended = train(finished, "--set", "extractor={name: wavlm, weights: /nowhere/wavlm}")
    assert ended.code == 5
    assert ended.problem.startswith(
        "every arm failed: features: extractor.weights: '/nowhere/wavlm'"
    )
    assert "give one of the two, or random" in ended.problem
