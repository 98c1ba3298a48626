"""No home, no disk, no speech, Ctrl-C: it does not matter, or is said in a sentence."""

import importlib.util
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from audiomotion.files import read_json
from audiomotion.speech.espeak import LIBRARY_PACKAGE
from audiomotion.train.curves import read_curves
from tests.browser import is_installed, open_page
from tests.cli.command_line import TINY, amx, oldest, run, start, train


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    # Lazily: MLflow's database is still open in this process.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    ended = train(small_disk / "store")
    assert ended.code == 3
    assert "dataset: " in ended.problem
    assert "the disk is full; free some space and run it again" in ended.problem
    assert not any(path.is_file() for path in (small_disk / "store" / "artifacts").rglob("*"))
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    assert train(small_disk / "store").code == 0
    assert amx("artifacts", "verify", "--store", small_disk / "store").code == 0


def test_a_store_that_cannot_be_written(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ended = train(small_disk / "store")
    assert ended.code == 3
    assert str(small_disk) in ended.problem
    assert "Read-only file system" in ended.problem


def test_a_file_where_the_store_belongs(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("mine")
    for store in (tmp_path / "store", tmp_path / "store" / "below"):
        ended = train(store)
        assert ended.code == 3
        assert str(tmp_path / "store") in ended.problem
    assert (tmp_path / "store").read_text() == "mine"


def test_no_home(tmp_path: Path) -> None:
    """Below /proc nobody can write, not even root."""
    home = {"HOME": "/proc/none", "AMX_STORE": str(tmp_path / "store")}
    assert run("list", **home).code == 0
    assert run("train", TINY, "--dry-run", **home).code == 0
    ended = run("train", TINY, "--executor", "local", **home)
    assert (ended.code, ended.problems) == (0, [])
    assert "real motion" in ended.out


def test_no_speech_synthesizer(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, package=None: None if name == LIBRARY_PACKAGE else find(name, package),
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = train(finished, "--set", "speech.words_per_minute=200")
    assert ended.code == 5
    assert "captions are spoken by eSpeak NG" in ended.problem
    assert "pip install 'audiomotion[speech]'" in ended.problem
    assert "system package espeak-ng" in ended.problem


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_the_same_command_again(tmp_path: Path, number: signal.Signals) -> None:
    """A job of a cluster is stopped by SIGTERM, which is the same."""
    store = tmp_path / "store"
    longer = ("--set", "rvq.training.max_steps=300")
    process = start("train", TINY, "--executor", "local", "--store", store, *longer)
    assert process.stderr is not None
    lines = iter(process.stderr.readline, "")
    assert any(line.startswith("start  rvq") for line in lines)
    wait_for_steps(store)
    process.send_signal(number)
    rest = list(lines)
    assert process.wait(timeout=60) == 130
    assert rest[-1] == "amx: interrupted; the same command continues\n"
    assert not any("Traceback" in line for line in rest)
    (record,) = (store / "runs").glob("*/run.json")
    assert read_json(record)["status"] == "interrupted"
    assert statuses(record.parent) == {"KILLED"}
    assert any(store.glob("work/*/scratch/checkpoints/step-*.pt"))  # before one was due
    assert "interrupted  0/1 arms" in amx("runs", "list", "--store", store).out
    assert {path.parent.name for path in (store / "artifacts").glob("*/*")} == {"dataset", "speak"}
    ended = train(store, *longer)
    assert ended.code == 0
    assert "1 arm, 10 stages, 8 to run" in ended.err
    assert read_json(record)["status"] == "done"
    assert statuses(record.parent) == {"FINISHED"}
    steps = [
        point["step"]
        for path in store.glob("artifacts/rvq/*/curves.jsonl")
        for point in read_curves(path)
    ]
    assert steps == sorted(set(steps)) and steps[-1] == 300


def statuses(folder: Path) -> set[str]:
    """Return what MLflow says became of a launch's runs."""
    state = read_json(folder / "mlflow.json")
    client = MlflowClient(tracking_uri=state["uri"])
    return {client.get_run(run_id).info.status for run_id in state["runs"].values()}


def test_the_same_command_twice_at_once(tmp_path: Path) -> None:
    """The second waits for the first, and computes nothing."""
    command = ("train", TINY, "--executor", "local", "--store", tmp_path / "store")
    processes = [start(*command) for _ in range(2)]
    ends = [process.communicate(timeout=180) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    assert ends[0][0] == ends[1][0] != ""
    waited = [err for _, err in ends if "another process runs this launch; waiting for it" in err]
    assert len(waited) == 1
    assert "nothing to compute: launch tiny-demo-" in waited[0]
    assert sum(err.count("start  ") for _, err in ends) == 10


def wait_for_steps(store: Path, seconds: float = 60) -> None:
    """Wait until the training has taken its first steps."""
    deadline = time.monotonic() + seconds
    while not any(
        '"step": 10' in path.read_text() for path in store.glob("work/*/scratch/curves*")
    ):
        assert time.monotonic() < deadline, "no step was taken"
        time.sleep(0.02)


def test_a_port_that_is_used(finished: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = amx("ui", "--store", finished, "--port", port)
    assert (ended.code, ended.out) == (2, "")
    assert f"port {port} cannot be used" in ended.problem
    assert "choose one with --port" in ended.problem


def test_the_browser_view(finished: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    # Named: other modules leave launches without a figure in this store, which are newer.
    process = start("ui", "--store", finished, "--port", port, "--run", oldest(finished))
    assert process.stdout is not None
    link = process.stdout.readline().strip()
    assert link.startswith(f"http://127.0.0.1:{port}/#/experiments/")
    with urllib.request.urlopen(link, timeout=60) as page:
        assert page.status == 200
    if is_installed():
        _look_at(link)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def _look_at(link: str) -> None:
    """Open the page as its reader does: it is MLflow's for training runs, with our comparison."""
    with open_page(link, width=1600, height=1100) as browser:
        shown = browser.page.frame_locator("iframe")
        assert "real motion" in shown.locator("table").first.inner_text()
        assert shown.locator("img").first.evaluate("image => image.naturalWidth") > 500
        browser.page.get_by_text("comparison.png").first.wait_for(timeout=60_000)
        browser.screenshot("amx-ui-sqlite", full_page=False)
