"""`amx data speak`: spoken once, counted, and found by a training."""

import json
from pathlib import Path

import pytest

from audiomotion.data.utterances import Utterances
from tests.cli.command_line import TINY, Ended, amx, train
from tests.speech.speech_server import KEY, SpeechServer

SMALL = ("--set", "dataset.num_clips=64", "--set", "dataset.captions_per_clip=1")


def speak(store: Path, *args: object) -> Ended:
    return amx(
        "data", "speak", "--dataset", TINY, "--executor", "local", "--store", store, *SMALL, *args
    )


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    store = tmp_path_factory.mktemp("speak") / "store"
    return store, speak(store, "--voices", 5, "--backend", "espeak", "--json")


def test_what_was_spoken_is_counted(spoken: tuple[Path, Ended]) -> None:
    _, ended = spoken
    assert ended.code == 0, ended.err
    original, oral = json.loads(ended.out)
    assert (original["variant"], oral["variant"]) == ("original", "oral")
    assert original["utterances"] == 64
    assert oral["utterances"] == 3 * 64
    for row in (original, oral):
        assert len(row["voices"]) == 5
        assert sum(row["voices"].values()) == row["utterances"] >= row["files"] > 30
        assert 0.5 < 3600 * row["hours"] / row["utterances"] < 20
        assert row["backends"][0].startswith("eSpeak NG 1.")
        assert len(Utterances(Path(row["folder"])).records) == row["utterances"]


def test_the_same_again_runs_nothing(spoken: tuple[Path, Ended]) -> None:
    store, first = spoken
    again = speak(store, "--voices", 5)
    assert again.code == 0
    assert "3 stages, 0 to run" in again.err
    (oral,) = (row for row in json.loads(first.out) if row["variant"] == "oral")
    assert f"oral: {oral['folder']}" in again.out
    assert f"{oral['hours']:.2f}" in again.out


def test_a_dry_run_says_what_would_run(spoken: tuple[Path, Ended]) -> None:
    store, _ = spoken
    dry = speak(store, "--variant", "oral", "--voices", 6, "--dry-run", "--json")
    stages = {row["stage"]: row["status"] for row in json.loads(dry.out)["stages"]}
    assert stages == {"dataset": "cached", "speak": "run"}
    text = speak(store, "--variant", "original", "--voices", 5, "--dry-run").out
    assert "speech on demo: 1 arm, 2 stages instead of 2, 0 to run" in text


def test_a_training_takes_it_from_there(spoken: tuple[Path, Ended]) -> None:
    store, _ = spoken
    dry = train(store, *SMALL, "--set", "speech.num_voices=5", "--dry-run", "--json")
    rows = [row for row in json.loads(dry.out)["stages"] if row["stage"] == "speak"]
    assert [row["status"] for row in rows] == ["cached"]


def test_held_out_voices(spoken: tuple[Path, Ended]) -> None:
    store, _ = spoken
    ended = speak(store, "--variant", "original", "--test-voices", "held-out", "--json")
    assert ended.code == 0, ended.err
    (row,) = json.loads(ended.out)
    folder = Path(row["folder"])
    clips = json.loads((_dataset(store) / "clips.json").read_text())["clips"]
    voices: dict[bool, set[str]] = {True: set(), False: set()}
    for record in Utterances(folder).records:
        voices[clips[record.clip]["split"] == "train"].add(record.voice.partition("+")[2])
    assert voices[True] and voices[False]
    assert not voices[True] & voices[False]


def _dataset(store: Path) -> Path:
    (folder,) = (store / "artifacts" / "dataset").iterdir()
    return folder


@pytest.mark.parametrize(
    ("args", "code", "problem"),
    [
        (("--backend", "espek"), 2, "speech.name=espek: 'espek' is not one of espeak, flite,"),
        (("--voices", "0"), 2, "speech.num_voices=0: 0 is out of range; allowed: at least 1"),
        (("--test-voices", "other"), 2, "'other' is not one of shared, held-out"),
        (("--voices", "105"), 2, "speak: speech.num_voices: 105 is not between 1 and 104"),
        (("--voices", "1", "--test-voices", "held-out"), 2, "held-out needs at least 2 speakers"),
        (
            ("--backend", "flite", "--set", "speech.program=no-such-flite"),
            5,
            "the program no-such-flite is not installed; install the system package flite",
        ),
        (
            ("--set", "speech={name: command, command: [no-such-program, '{text_file}', '{out}']}"),
            5,
            "speech.command: 'no-such-program' cannot be run",
        ),
        (
            ("--set", "speech={name: tortoise, command: [tts, '{text_file}']}"),
            2,
            "the command lacks {out}; it needs {text_file} and {out}",
        ),
        (
            ("--set", "speech={name: endpoint, base_url: 'https://key:x@host/v1'}"),
            2,
            "a key belongs into api_key_env or a file",
        ),
    ],
)
def test_what_cannot_be_spoken(
    spoken: tuple[Path, Ended], args: tuple[str, ...], code: int, problem: str
) -> None:
    store, _ = spoken
    ended = speak(store, "--variant", "original", *args)
    assert problem in ended.problem
    assert ended.code == code


@pytest.mark.parametrize("faults", [[], ["400"] * 99, ["401"] * 99, ["500"] * 99])
def test_the_key_is_in_no_file_and_no_message(
    faults: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers quote the key in what they refuse with."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    store = tmp_path / "store"
    with SpeechServer(faults) as server:
        sets = {"base_url": server.url, "num_retries": 1, "backoff_seconds": 0.01}
        options = [
            word for key, value in sets.items() for word in ("--set", f"speech.{key}={value}")
        ]
        ended = speak(store, "--backend", "endpoint", "--variant", "original", "-v", *options)
        assert set(server.authorizations) == {f"Bearer {KEY}"}
    assert ended.code == (5 if faults else 0)
    assert KEY not in ended.out + ended.err
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 7
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    if not faults:
        assert f"tts-1 at {server.url}" in ended.out
        assert sum(server.asked.values()) == len(list((store / "cache").rglob("*.wav")))
    elif faults[0] == "400":
        assert "400 because of Bearer [key]" in ended.err
        assert list(store.glob("work/*/traceback.txt"))
