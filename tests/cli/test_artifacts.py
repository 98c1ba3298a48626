import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from audiomotion.cli import artifacts
from tests.cli.command_line import amx, train


def weights(store: Path) -> Path:
    (path,) = store.glob("artifacts/rvq/*/model.safetensors")
    return path


def test_a_damaged_artifact_is_deleted_and_made_anew(damaged: Path) -> None:
    (path,) = damaged.glob("artifacts/evaluation/*/metrics.json")
    before = path.read_bytes()
    path.write_bytes(bytes(len(before)))
    ended = amx("artifacts", "verify", "--store", damaged)
    assert ended.code == 3
    assert f"{path} has changed since it was written" in ended.err
    assert "--delete deletes the damaged artifacts" in ended.err
    ended = amx("artifacts", "verify", "--delete", "--store", damaged)
    assert ended.code == 0
    assert ended.out.startswith("deleted evaluation ")
    assert not path.parent.exists()
    assert train(damaged).code == 0
    assert path.read_bytes() == before


def test_nothing_of_a_finished_launch_can_go(damaged: Path) -> None:
    ended = amx("artifacts", "gc", "--store", damaged, "--older-than", 0)
    assert (ended.code, ended.out) == (0, f"nothing can go from {damaged}\n")


def test_without_yes_nothing_goes(damaged: Path) -> None:
    for record in damaged.glob("runs/*/run.json"):
        record.unlink()
    fingerprint = weights(damaged).parent.name
    asked = ("artifacts", "gc", "--store", damaged, "--older-than", 0)
    ended = amx(*asked)
    assert f"rvq         {fingerprint[:16]}" in ended.out
    assert "nothing was removed; --yes removes it" in ended.err
    assert weights(damaged).exists()
    assert amx("artifacts", "pin", fingerprint[:10], "--store", damaged).out == (
        "pinned 1 artifact\n"
    )
    removed = json.loads(amx(*asked, "--yes", "--json").out)
    assert all(item["removed"] for item in removed)
    assert weights(damaged).exists()
    assert list(damaged.glob("artifacts/evaluation/*")) == []
    assert len(list(damaged.glob("artifacts/dataset/*"))) == 1  # the rvq was made of it
    assert amx("artifacts", "unpin", fingerprint[:10], "--store", damaged).code == 0
    amx(*asked, "--yes")
    assert list(damaged.glob("artifacts/*/*")) == []


def test_a_launch_is_pinned_by_its_id(damaged: Path) -> None:
    run = min(damaged.glob("runs/*"))  # other tests add launches to the store that this one copies
    ended = amx("artifacts", "pin", run.name, "--store", damaged)
    assert ended.code == 0
    names = {path.name for path in damaged.glob("pins/*")}
    assert weights(damaged).parent.name in names
    assert amx("artifacts", "unpin", run.name, "--store", damaged).code == 0
    assert list(damaged.glob("pins/*")) == []


def test_what_is_not_there_cannot_be_pinned(damaged: Path) -> None:
    for command in ("pin", "unpin"):
        ended = amx("artifacts", command, "zzz", "--store", damaged)
        assert ended.code == 2
        assert "'zzz' fits no artifact" in ended.problem


def test_what_a_launch_names_while_the_question_is_read_stays(
    damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {path: path.read_bytes() for path in damaged.glob("runs/*/run.json")}
    for path in kept:
        path.unlink()

    def agree(question: str) -> bool:
        for path, content in kept.items():
            path.write_bytes(content)
        return True

    monkeypatch.setattr(artifacts.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(artifacts.typer, "confirm", agree)
    ended = amx("artifacts", "gc", "--store", damaged, "--older-than", 0)
    assert "removed 0 items" in ended.out
    assert weights(damaged).exists()
