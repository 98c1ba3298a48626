"""A model behind an endpoint: a real server that answers, stalls, cuts off, refuses or babbles."""

import json
import logging
import pickle
import time
import traceback
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from audiomotion.config.rewriters import OpenaiConfig
from audiomotion.errors import ConfigError, ModelError
from audiomotion.rewrite import endpoint
from audiomotion.rewrite.base import Request
from audiomotion.rewrite.endpoint import Endpoint
from audiomotion.rewrite.job import Job
from audiomotion.rewrite.secret import read_key
from tests.rewrite.server import ChatServer, well_said

KEY = "sk-loopback-0123456789"
CAPTION = "a person waves the left hand twice"
SIDE_SWAPPED = "Please wave your right hand twice."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(endpoint, "_FIRST_WAIT_SECONDS", 0.01)


def config(server, **changes):
    return OpenaiConfig(model="tiny", base_url=server.url, **{"timeout_seconds": 5.0, **changes})


def answers(server, captions=(CAPTION,), **changes):
    found = Endpoint(config(server, **changes)).rewrite(Request(caption) for caption in captions)
    return {request.caption: answer for request, answer in found}


def test_an_answer_with_its_tokens():
    with ChatServer() as server:
        answer = answers(server)[CAPTION]
    assert answer.text == well_said(CAPTION) and not answer.problem
    assert (answer.tokens_in, answer.tokens_out) == (200, 20)
    assert answer.seconds > 0
    (body,) = server.bodies
    assert server.paths == ["/v1/chat/completions"]
    assert server.keys == {f"Bearer {KEY}"}
    assert body["model"] == "tiny" and body["temperature"] == 0.8 and body["max_tokens"] == 120
    assert "every body side" in body["messages"][0]["content"]
    assert KEY not in json.dumps(body)


def hiccup(first):
    """Do something else with the first request."""

    def behave(handler, caption, number):
        if number == 1:
            first(handler)
        else:
            handler.say(well_said(caption))

    return behave


@pytest.mark.parametrize(
    "first",
    [
        lambda handler: handler.cut_off(),
        lambda handler: handler.stall(),
        lambda handler: handler.send(500, "oops", "text/html"),
        lambda handler: handler.send(503, '{"error": {"message": "busy"}}'),
        lambda handler: handler.send(429, '{"error": {"message": "slow down"}}'),
        lambda handler: handler.connection.close(),
    ],
    ids=["cut off", "stalls", "500", "503", "429", "hangs up"],
)
def test_a_hiccup_is_asked_again(first):
    with ChatServer(hiccup(first)) as server:
        assert answers(server, timeout_seconds=0.5)[CAPTION].text == well_said(CAPTION)
        assert server.requests == {CAPTION: 2}


def test_retry_after_is_waited_for():
    wait = hiccup(lambda handler: handler.send(429, "{}", Retry_After="0.4"))
    with ChatServer(wait) as server:
        assert answers(server)[CAPTION].text
    assert server.times[1] - server.times[0] >= 0.4


@pytest.mark.parametrize("asked", ["-1", "soon", "", "inf", "nan", "Tue, 99 Foo 2026"])
def test_a_retry_after_of_nonsense_counts_as_none(asked):
    wait = hiccup(lambda handler: handler.send(429, "{}", Retry_After=asked))
    with ChatServer(wait) as server:
        assert answers(server)[CAPTION].text
    assert server.times[1] - server.times[0] < 2


def test_a_retry_after_may_be_a_date():
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    wait = hiccup(lambda handler: handler.send(429, "{}", Retry_After=date))
    with ChatServer(wait) as server, pytest.raises(ModelError, match=r"to wait 1[78]\d\d s"):
        answers(server)


def test_a_retry_after_beyond_patience_ends_it():
    wait = hiccup(lambda handler: handler.send(429, "{}", Retry_After="900"))
    with (
        ChatServer(wait) as server,
        pytest.raises(ModelError, match=r"asks to wait 900 s \(status 429\)"),
    ):
        answers(server)


def test_drops_of_an_answer_do_not_keep_a_request_alive():
    def drip(handler, caption, number):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not handler.server.closing.wait(0.05):
            handler.wfile.write(b" ")

    with ChatServer(drip) as server:
        started = time.monotonic()
        answer = answers(server, timeout_seconds=0.3, retries=1)[CAPTION]
        assert time.monotonic() - started < 3
    assert not answer.text and "no word within 0.3 s, 2 times" in answer.problem


@pytest.mark.parametrize(
    "body",
    ["<html>hello</html>", "[]", "{}", '{"choices": []}', '{"choices": [{}]}', "null",
     '{"choices": [{"message": {"content": null}}]}', '{"choices": "abc"}', '"text"', "\ufeff{"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_nonsense_is_no_text(body, kind):
    with ChatServer(lambda handler, *_: handler.send(200, body, kind)) as server:
        answer = answers(server, retries=0)[CAPTION]
    assert answer.text == "" and answer.problem


def test_the_number_under_way_is_bounded():
    def late(handler, caption, number):
        time.sleep(0.02)
        handler.say(well_said(caption))

    captions = [f"a person jumps {number} times" for number in range(2, 22)]
    with ChatServer(late) as server:
        assert len(answers(server, captions, at_once=3)) == 20
    assert server.most_under_way == 3
    assert set(server.requests.values()) == {1}


def test_requests_are_read_as_they_are_needed():
    read = []

    def requests():
        for number in range(100):
            read.append(number)
            yield Request(f"a person jumps {number} times")

    with (
        ChatServer() as server,
        closing(Endpoint(config(server, at_once=2)).rewrite(requests())) as found,
    ):
        next(found)
        assert len(read) <= 4


def test_an_endpoint_that_is_gone_ends_it():
    with ChatServer() as server:
        gone = config(server, retries=0, at_once=4)
    requests = (Request(f"a person jumps {number} times") for number in range(1000))
    with pytest.raises(ModelError, match=r"left 12 requests in a row without an answer"):
        list(Endpoint(gone).rewrite(requests))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_ends_it_without_the_key(status, caplog):
    body = json.dumps({"error": {"message": f"bad request with key {KEY}"}})
    caplog.set_level(logging.DEBUG)
    with ChatServer(lambda handler, *_: handler.send(status, body)) as server:
        with pytest.raises(
            ModelError, match=rf"refuses model 'tiny' \(status {status}\)"
        ) as caught:
            answers(server)
        assert server.requests == {CAPTION: 1}
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert KEY not in shown and "***" in shown


def test_a_spent_quota_is_no_reason_to_wait():
    body = json.dumps({"error": {"message": "quota", "code": "insufficient_quota"}})
    with (
        ChatServer(lambda handler, *_: handler.send(429, body)) as server,
        pytest.raises(ModelError, match="quota"),
    ):
        answers(server)


def test_an_echoed_key_is_in_no_answer():
    with ChatServer(lambda handler, *_: handler.say(f"Say {KEY}!")) as server:
        assert answers(server)[CAPTION].text == "Say ***!"
    with ChatServer(lambda handler, *_: handler.send(200, KEY)) as server:
        assert KEY not in answers(server)[CAPTION].problem


class Nowhere:
    """Keeps nothing."""

    def find(self, caption, take):
        return None

    def keep(self, rewrite):
        self.kept = rewrite


def test_a_refused_text_is_asked_again_with_the_reason():
    def swap(handler, caption, number):
        handler.say([CAPTION, SIDE_SWAPPED, '"Wave twice."', well_said(caption)][number - 1])

    with ChatServer(swap) as server:
        job = Job(Endpoint(config(server)), [CAPTION], Nowhere())
        job.run(lambda tally: None)
    assert job.texts == {CAPTION: [well_said(CAPTION)]} and not job.failures
    again = [body["messages"] for body in server.bodies]
    assert [len(messages) for messages in again] == [2, 4, 4, 4]
    assert "is a copy of the description" in again[1][-1]["content"]
    assert again[2][-2] == {"role": "assistant", "content": SIDE_SWAPPED}
    assert "has the sides right where the description has left" in again[2][-1]["content"]
    assert "quotation marks" in again[3][-1]["content"]
    assert len({body["seed"] for body in server.bodies}) == 4


def test_a_text_that_is_never_right_is_reported_and_not_kept():
    with ChatServer(lambda handler, *_: handler.say(SIDE_SWAPPED)) as server:
        cache = Nowhere()
        job = Job(Endpoint(config(server)), [CAPTION], cache)
        job.run(lambda tally: None)
    (failure,) = job.failures
    assert job.texts == {} and not hasattr(cache, "kept")
    assert failure.caption == CAPTION and "sides right" in failure.reason
    assert failure.last == SIDE_SWAPPED
    assert server.requests == {CAPTION: 4}


def test_takes_differ():
    texts = ["Wave your left hand twice.", "Wave your left hand twice!", "Please wave left twice."]

    with ChatServer(lambda handler, _, number: handler.say(texts[number - 1])) as server:
        job = Job(Endpoint(config(server)), [CAPTION], Nowhere(), num_rewrites=2)
        job.run(lambda tally: None)
    assert job.texts == {CAPTION: [texts[0], texts[2]]}
    assert texts[0] in server.bodies[1]["messages"][1]["content"]


def test_the_key_comes_from_a_file_or_a_variable(tmp_path, monkeypatch):
    path = tmp_path / "key"
    path.write_text("file-key\n")
    assert read_key(OpenaiConfig(model="m")).value == KEY
    assert read_key(OpenaiConfig(model="m", key_file=str(path))).value == "file-key"
    monkeypatch.setenv("OTHER", "other-key")
    assert read_key(OpenaiConfig(model="m", key_variable="OTHER")).value == "other-key"
    monkeypatch.delenv("OTHER")
    with pytest.raises(ConfigError, match="variable OTHER holds no key"):
        read_key(OpenaiConfig(model="m", key_variable="OTHER"))
    for content in ("", "two words here", "geheim\u00fc"):
        path.write_text(content)
        with pytest.raises(ConfigError) as caught:
            read_key(OpenaiConfig(model="m", key_file=str(path)))
        assert not content or content not in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_key(OpenaiConfig(model="m", key_file=str(tmp_path / "none")))


def test_a_key_neither_prints_nor_travels():
    key = read_key(OpenaiConfig(model="m"))
    assert KEY not in f"{key} {key!r}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


@pytest.mark.parametrize("url", ["http://user:pw@host/v1", "http://host/v1?key=abcd", "host:80"])
def test_an_address_holds_no_key(url):
    with pytest.raises(ValueError) as caught:
        OpenaiConfig(model="m", base_url=url)
    assert "address" in str(caught.value)


def test_what_decides_the_texts_is_the_identity(tmp_path):
    def identity(**changes):
        return Endpoint(OpenaiConfig(**{"model": "m", **changes})).identity

    assert KEY not in json.dumps(identity())
    assert identity() == identity(base_url="http://elsewhere/v1", at_once=2, key_variable="X")
    own = tmp_path / "prompt.txt"
    own.write_text("[system]\na $limit\n[user]\n$caption\n[others]\n$others\n[again]\n$reason\n")
    for change in ({"model": "n"}, {"temperature": 0.1}, {"seed": 1}, {"prompt": str(own)}):
        assert identity(**change) != identity()
