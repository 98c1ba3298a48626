import traceback
from email.message import Message
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import numpy as np
import pytest

from audiomotion.config.resolve import resolve
from audiomotion.config.speech import EndpointConfig
from audiomotion.errors import ConfigError, ModelError
from audiomotion.speech.cache import SpeechCache
from audiomotion.speech.http_client import HttpClient
from audiomotion.speech.speaker import Speaker
from audiomotion.stages.system import SystemStages
from tests.speech.speech_server import KEY, SpeechServer

ITEMS = [(f"walk {count} steps", "alloy") for count in range(6)]


def config(server: SpeechServer, **changes: Any) -> EndpointConfig:
    quick = {"backoff_seconds": 0.01, "timeout_seconds": 5.0, "num_retries": 3, **changes}
    return EndpointConfig(base_url=server.url, **quick)


def speak(server: SpeechServer, **changes: Any) -> list[np.ndarray]:
    with Speaker(config(server, **changes)) as speaker:
        return list(speaker.speak_many(ITEMS))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_asked_as_the_interface_says() -> None:
    with SpeechServer() as server:
        waveforms = speak(server, speed=1.5, instructions="calmly")
    assert len(waveforms) == 6
    assert sorted(server.asked) == [text for text, _ in ITEMS]
    assert server.authorizations == [f"Bearer {KEY}"] * 6
    request = next(item for item in server.requests if item["input"] == "walk 0 steps")
    assert request == {
        "model": "tts-1", "input": "walk 0 steps", "voice": "alloy",
        "response_format": "wav", "speed": 1.5, "instructions": "calmly",
    }  # fmt: skip


@pytest.mark.parametrize(
    "fault", ["429", "500", "503", "408", "cut", "close", "nonsense", "silent", "stall", "drip"]
)
def test_what_passes_is_waited_for(fault: str) -> None:
    with SpeechServer([fault, "none", fault]) as server:
        waveforms = speak(server, timeout_seconds=0.5, num_requests=2)
    with SpeechServer() as undisturbed:
        expected = speak(undisturbed)
    for found, wanted in zip(waveforms, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert sum(server.asked.values()) == 8


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("429", "gave no answer in 4 tries; the last one: status 429"),
        ("502", "gave no answer in 4 tries; the last one: status 502"),
        ("cut", r"gave no answer in 4 tries; the last one: .*(broke off|IncompleteRead)"),
        ("stall", "gave no answer in 4 tries; the last one: .*timed out"),
        ("drip", "gave no answer in 4 tries; the last one: the answer was not whole in time"),
        ("401", r"refuses the key \(401\); give the right one in the environment variable"),
        ("400", "refuses: status 400 .*400 because of Bearer"),
        ("404", "refuses: status 404"),
        ("redirect", "refuses: status 307"),
        ("nonsense", r"3 answers were no audio: .*not a WAV.*b'\{\"object\":"),
        ("silent", r"'walk 0 steps' could not .* 'alloy' of tts-1 at .*gave silence.* 3 times"),
    ],
)
def test_what_does_not_pass_is_an_error(fault: str, complaint: str, tmp_path: Path) -> None:
    with SpeechServer([fault] * 100) as server:
        speaker = Speaker(config(server, timeout_seconds=0.3, num_requests=1))
        with pytest.raises(ModelError, match=complaint) as caught:
            list(SpeechCache(tmp_path).get_or_speak_many(speaker, ITEMS[:1]))
    assert "'walk 0 steps'" in str(caught.value)
    assert "'alloy'" in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_nobody_there() -> None:
    with SpeechServer() as server:
        gone = config(server, num_retries=1)
    with pytest.raises(ModelError, match=r"no answer in 2 tries; .*Connection refused"):
        Speaker(gone).speak(*ITEMS[0])


def test_no_more_requests_at_once_than_allowed() -> None:
    with SpeechServer(["slow"] * 6) as server:
        speak(server, num_requests=3)
    assert 2 <= server.busiest <= 3


def test_what_was_paid_for_is_not_asked_again(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    with SpeechServer(["none"] * 4 + ["400"]) as server:
        with pytest.raises(ModelError, match="status 400"):
            list(cache.get_or_speak_many(Speaker(config(server, num_requests=1)), ITEMS))
        kept = {path: path.stat().st_ino for path in tmp_path.rglob("*.wav")}
        assert len(kept) == 4
        spoken = list(cache.get_or_speak_many(Speaker(config(server, num_requests=1)), ITEMS))
    assert server.asked == {text: 2 if text == ITEMS[4][0] else 1 for text, _ in ITEMS}
    assert {path: path.stat().st_ino for path in kept} == kept
    assert len({item.path for item in spoken}) == 6


def test_the_key_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("sk-from-file\n")
    with SpeechServer() as server:
        speak(server, api_key_file=str(tmp_path / "key"))
        monkeypatch.delenv("OPENAI_API_KEY")
        speak(server)
    assert server.authorizations == ["Bearer sk-from-file"] * 6 + [None] * 6


@pytest.mark.parametrize("content", [None, "", "two words", b"\xff\xfe"])
def test_a_file_without_a_key(tmp_path: Path, content: str | bytes | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with SpeechServer() as server, pytest.raises(ConfigError, match=r"api_key_file: .*the key"):
        speak(server, api_key_file=str(path))
    assert server.requests == []


def test_where_the_key_lies_and_how_fast_is_in_no_record() -> None:
    sets = ["speech={name: endpoint, api_key_file: /secret/place, num_requests: 9}"]
    (arm,) = resolve("demo", sets=sets)
    assert arm.experiment.speech.api_key_file == "/secret/place"  # type: ignore[attr-defined]
    assert "/secret/place" not in str(arm.experiment.model_dump())
    (other,) = resolve("demo", sets=["speech.name=endpoint"])
    stages = [SystemStages(item.experiment).speech("oral") for item in (arm, other)]
    assert stages[0].fingerprint == stages[1].fingerprint
    (moved,) = resolve("demo", sets=["speech={name: endpoint, base_url: 'http://127.0.0.1/v1'}"])
    assert SystemStages(moved.experiment).speech("oral").fingerprint != stages[0].fingerprint


def test_a_key_that_no_header_may_hold_is_refused_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-part1secret\nsk-part2secret")
    with SpeechServer() as server, pytest.raises(ConfigError, match="one word") as caught:
        Speaker(config(server)).speak(*ITEMS[0])
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("filler", range(140, 205, 9))
def test_a_key_is_hidden_before_what_a_server_says_is_cut(filler: int) -> None:
    client = HttpClient.__new__(HttpClient)
    client._key, client._base_url = KEY, "http://localhost"
    said = BytesIO(f"{'x' * filler} {KEY} and more".encode())
    error = HTTPError("http://localhost", 400, "Bad Request", Message(), said)
    message = str(client._refusal(error, "/audio/speech"))
    assert KEY[:8] not in message
    assert "refuses: status 400" in message
