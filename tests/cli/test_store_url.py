"""A store behind a URL, as its users have it: launched here, read there, and what can be wrong."""

import json
import time
from pathlib import Path

import pytest

from tests.cli.command_line import TINY, Ended, amx, run, train
from tests.orchestrate.store.object_storage import FULL, ObjectStorage, serving


@pytest.fixture(scope="module")
def storage():
    with serving() as storage:
        yield storage


@pytest.fixture(scope="module")
def launched(storage: ObjectStorage, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Ended]:
    """Return the URL of a store, and the run on one machine that filled it."""
    url = storage.bucket()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMX_CACHE", str(tmp_path_factory.mktemp("here")))
        return url, train(url)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make this process another machine."""
    monkeypatch.setenv("AMX_CACHE", str(tmp_path / "there"))
    return tmp_path / "there"


def test_a_launch_is_shown_and_not_repeated_on_another_machine(launched, elsewhere):
    url, ended = launched
    assert ended.code == 0, ended.err
    listed = amx("runs", "list", "--store", url)
    assert listed.code == 0, listed.err
    assert "done  1/1 arms" in listed.out
    shown = amx("runs", "show", listed.out.split()[0], "--store", url)
    assert shown.code == 0, shown.err
    assert ended.out.splitlines()[-4] in shown.out
    again = train(url)
    assert (again.code, "nothing to compute" in again.err) == (0, True), again.err
    assert again.out == ended.out
    assert not list(elsewhere.rglob("model.safetensors"))  # no weights for a table


def test_a_page_of_another_machine_s_launch_fetches_a_few_words_of_speech(launched, elsewhere):
    url, _ = launched
    ended = amx("report", "tiny", "--store", url)
    assert (ended.code, ended.out) == (0, "tiny-demo.html\n"), ended.err
    html = Path("tiny-demo.html").read_text("utf-8")
    assert html.count("data:audio/flac") == len(list(elsewhere.rglob("*.wav"))) == 6
    assert "masked: loss" in html and "Versions and devices" in html
    assert not list(elsewhere.rglob("model.safetensors"))


def test_speech_of_another_machine_is_counted_here(launched, elsewhere):
    url, _ = launched
    asked = ("--variant", "original", "--executor", "local", "--store", url, "--json")
    ended = amx("data", "speak", "--dataset", TINY, *asked)
    assert ended.code == 0, ended.err
    assert ", 0 to run" in ended.err
    (row,) = json.loads(ended.out)
    assert row["utterances"] > 0
    assert row["folder"].startswith(f"{url}/artifacts/speak/")
    assert not list(elsewhere.rglob("*.wav"))


def test_artifacts_are_listed_verified_and_kept_on_another_machine(launched, elsewhere, storage):
    url, _ = launched
    rows = json.loads(amx("artifacts", "list", "--store", url, "--json").out)
    assert {"dataset", "rvq", "masked", "evaluation"} <= {row["stage"] for row in rows}
    assert "are as they were written" in amx("artifacts", "verify", "--store", url).out
    kept = amx("artifacts", "gc", "--store", url, "--older-than", "0", "--yes", "--json")
    assert {item["kind"] for item in json.loads(kept.out)} <= {"claim"}, kept.out
    assert train(url).code == 0


def test_motions_of_a_launch_are_measured_on_another_machine(
    launched, elsewhere, tmp_path, monkeypatch
):
    url, _ = launched
    written = amx("runs", "motions", "tiny-demo", "-o", tmp_path / "mine", "--store", url)
    assert (written.code, "other figures" in written.err) == (0, False), written.err
    given = ("--motions", tmp_path / "mine", "--name", "Mine", "--executor", "local")
    ended = amx("evaluate", "--dataset", TINY, *given, "--store", url)
    assert ended.code == 0, ended.err
    monkeypatch.setenv("AMX_CACHE", str(tmp_path / "third"))
    shown = amx("runs", "show", "outside-Mine", "--store", url)
    assert shown.code == 0 and shown.out.startswith(ended.out), shown.err
    gone = amx("artifacts", "gc", "--store", url, "--older-than", "0", "--yes", "--json")
    assert {item["kind"] for item in json.loads(gone.out)} <= {"claim"}, gone.out
    again = amx("evaluate", "--dataset", TINY, *given, "--store", url)
    assert (again.out, "nothing to compute" in again.err) == (ended.out, True)


@pytest.mark.parametrize(
    ("location", "code", "sentence"),
    [
        ("s3://no-such-bucket/store", 3, "there is no such bucket"),
        ("sftp://host/store", 2, "'sftp' is not one of s3, s3a"),
        ("s3://", 2, "the URL names no bucket"),
        ("gs://bucket/store", 2, "install gcsfs"),
    ],
)
def test_a_location_that_cannot_hold_a_store(storage, elsewhere, location, code, sentence):
    for ended in (amx("artifacts", "list", "--store", location), train(location)):
        assert ended.code == code
        assert sentence in ended.problem


def test_no_credentials(storage, elsewhere, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    ended = run("artifacts", "list", "--store", storage.bucket(), HOME=str(tmp_path))
    assert ended.code == 3
    assert "no credentials were found; set AWS_ACCESS_KEY_ID" in ended.problem


def test_nobody_answers(storage, elsewhere, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    began = time.monotonic()
    ended = amx("artifacts", "list", "--store", "s3://bucket/store")
    assert ended.code == 4
    assert "the storage cannot be used" in ended.problem
    assert time.monotonic() - began < 30


def test_full_storage_is_said(storage, elsewhere):
    storage.refuse = lambda method, path, _: (
        FULL if method == "PUT" and "/content/" in path else None
    )
    ended = train(storage.bucket())
    storage.mend()
    assert ended.code == 3
    assert "dataset: " in ended.problem
    assert "the storage is full; free some space and run it again" in ended.problem
