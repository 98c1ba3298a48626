import json
from pathlib import Path

from tests.cli.command_line import amx
from tests.cli.test_data import KitFolder


def test_a_data_set_is_pushed_once(tmp_path: Path) -> None:
    KitFolder(tmp_path / "raw").fill(2)
    push = (
        "data",
        "push",
        "--dataset",
        "kit",
        "--data-root",
        tmp_path / "raw",
        "--store",
        tmp_path / "store",
    )
    ended = amx(*push)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("kit: 35 files, ")
    assert ", pushed; content " in ended.out
    assert "was there already" in amx(*push).out
    told = json.loads(amx(*push, "--json").out)
    assert not told["is_new"]
    plan = amx("train", "kit", "--dry-run", "--store", tmp_path / "store")
    assert plan.code == 0
    assert "data-root" not in plan.err


def test_what_cannot_be_pushed(tmp_path: Path) -> None:
    assert (
        "made from a seed" in amx("data", "push", "--dataset", "demo", "--store", tmp_path).problem
    )
    ended = amx("data", "push", "--dataset", "kit", "--store", tmp_path / "store")
    assert ended.code == 2
    assert "--data-root ROOT" in ended.problem
