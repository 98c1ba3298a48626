import json
import subprocess
import sys
from pathlib import Path

import pytest

from audiomotion.stages import feature_shards
from tests.cli.command_line import REPOSITORY, TINY, Ended, amx
from tests.orchestrate.processes import wait_until

HEARD = ("wavlm", "log-mel")


def features(store: Path, *args: object) -> Ended:
    options = ["--store", store, "--executor", "local", "--weights", "random"]
    return amx("data", "features", "--dataset", TINY, *options, *args)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Return a store, and the run that filled it with the features of two extractors."""
    store = tmp_path_factory.mktemp("features") / "store"
    chosen = [word for name in HEARD for word in ("--extractor", name)]
    return store, features(store, *chosen, "--json")


def test_every_extractor_and_variant_has_a_line(made: tuple[Path, Ended]) -> None:
    _, ended = made
    assert ended.code == 0, ended.err
    rows = {row["name"]: row for row in json.loads(ended.out)}
    assert list(rows) == [f"{name}/{variant}" for name in HEARD for variant in ("original", "oral")]
    assert rows["log-mel/original"]["rows"] == rows["wavlm/original"]["rows"] == 64
    assert rows["wavlm/oral"]["rows"] == 192
    for row in rows.values():
        assert row["gigabytes"] == pytest.approx(2e-9 * row["frames"] * row["width"])
        assert 0 <= row["padding"] <= 0.1
        assert row["frames_a_second"] > 0
    assert rows["wavlm/oral"]["weights"] == "random (tiny)"


def test_a_second_time_nothing_is_made(made: tuple[Path, Ended]) -> None:
    store, first = made
    again = features(store, "--extractor", "log-mel", "--variant", "oral", "--json")
    assert "0 to run" in again.err
    assert json.loads(again.out) == json.loads(first.out)[-1:]


def test_a_table_is_printed(made: tuple[Path, Ended]) -> None:
    store, _ = made
    (line,) = [
        line
        for line in features(store, "--variant", "original").out.splitlines()
        if "log-mel/original" in line
    ]
    assert [cell.strip() for cell in line.strip("│").split("│")][1:3] == ["none", "64"]


def test_a_training_finds_the_features(made: tuple[Path, Ended]) -> None:
    store, _ = made
    plan = amx("train", TINY, "--store", store, "--dry-run", "--json")
    status = {stage["stage"]: stage["status"] for stage in json.loads(plan.out)["stages"]}
    assert (status["speak"], status["features"], status["rvq"]) == ("cached", "cached", "run")


def test_a_dry_run_leaves_nothing(tmp_path: Path) -> None:
    ended = features(tmp_path / "store", "--extractor", "encodec", "--dry-run", "--json")
    stages = [stage["stage"] for stage in json.loads(ended.out)["stages"]]
    assert stages == ["dataset", "speak", "features", "speak", "features"]
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (("--extractor", "wavml"), "did you mean 'wavlm'?"),
        (("--variant", "orall"), "'orall' is not one of original, oral"),
    ],
)
def test_a_wrong_name_is_said(tmp_path: Path, option: tuple[str, str], problem: str) -> None:
    ended = features(tmp_path / "store", *option)
    assert ended.code == 2
    assert problem in ended.problem


def test_a_stage_that_fails_is_said(tmp_path: Path) -> None:
    ended = amx(
        "data", "features", "--dataset", TINY, "--store", tmp_path / "store",
        "--executor", "local", "--extractor", "whisper",
        "--set", f"extractor.weights={tmp_path / 'none'}",
    )  # fmt: skip
    assert ended.code == 5
    assert "features: " in ended.problem


# Small shards, so that there are twelve of the oral instructions.
SMALL = "from audiomotion.stages import feature_shards; feature_shards.ITEMS_A_SHARD = 16; "
PROGRAM = f"{SMALL}from audiomotion.cli.app import main; main()"


def oral(store: Path) -> list[str]:
    command = ["data", "features", "--dataset", TINY, "--extractor", "wavlm", "--variant", "oral"]
    return [*command, "--weights", "random", "--executor", "local", "--store", str(store)]


def started(store: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *oral(store)],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def content(store: Path) -> dict[str, bytes]:
    (manifest,) = store.glob("artifacts/features/*/manifest.json")
    return {path.name: path.read_bytes() for path in manifest.parent.glob("features*")}


def test_killed_and_run_again_it_leaves_the_same_and_makes_no_shard_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    process = started(killed)

    def finished() -> list[Path]:
        return sorted(killed.glob("work/*/scratch/shards/??????/features.bin"))

    wait_until(lambda: len(finished()) >= 2, "two shards")
    process.kill()
    process.wait()
    monkeypatch.setattr(feature_shards, "ITEMS_A_SHARD", 16)
    assert amx(*oral(undisturbed)).code == 0
    before = {path.stat().st_ino for path in finished()}
    assert 2 <= len(before) < 12
    assert started(killed).wait(120) == 0
    (manifest,) = killed.glob("artifacts/features/*/manifest.json")
    after = {path.stat().st_ino for path in manifest.parent.glob("*.bin")}
    assert len(after) == 12
    assert before < after  # the very files: linked, not copied, not made again
    assert content(killed) == content(undisturbed)
