"""`amx data oral` as its user has it: files, cost, faults, Ctrl-C, kill -9."""

import json
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from audiomotion.cli.oral_display import Prices, RewriteProgress
from audiomotion.config.datasets import KitConfig
from audiomotion.data.published import read_published
from audiomotion.files import read_json
from audiomotion.rewrite.job import Tally
from tests.cli.command_line import amx, run, start
from tests.cli.test_data import KitFolder
from tests.rewrite.server import ChatServer, well_said

KEY = "sk-loopback-9876543210"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


class Place:
    """A data set and a store."""

    def __init__(self, folder: Path, num_clips: int = 12) -> None:
        self.root, self.store = folder / "raw", folder / "store"
        self.kit = KitFolder(self.root)
        self.captions = []
        for index in range(num_clips):
            split = "train" if index < num_clips - 2 else ("val", "test")[index % 2]
            name = f"{'M' if index % 2 else ''}{index:05}"
            caption = f"a person waves {index + 2} times"
            self.kit.add(name, split, caption)
            self.captions.append(caption)

    @property
    def oral(self) -> Path:
        return self.kit.folder / "oral"

    def command(self, *args: object, url: str | None = None) -> list[object]:
        where = ["--dataset", "kit", "--data-root", self.root, "--store", self.store]
        asked = ["--rewriter", "openai", "--model", "tiny", "--base-url", url] if url else []
        return ["data", "oral", *where, *asked, *args]

    def texts(self) -> dict[str, str]:
        """Everything that was written to the data set."""
        return {path.name: path.read_text() for path in sorted(self.oral.iterdir())}

    def everything_written(self) -> str:
        files = [path for path in self.root.parent.rglob("*") if path.is_file()]
        return "\n".join(f"{path}\n{path.read_bytes()!r}" for path in files)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_the_grammar_writes_what_the_reader_reads(place):
    ended = amx(*place.command("--num-rewrites", 2))
    assert ended.code == 0, ended.err
    assert (
        "12 clips rewritten (12 files written), 24 oral pairs (12 of mirrored clips)" in ended.out
    )
    assert "published for kit: 12696 oral pairs; made here: 24" in ended.out
    clips = list(read_published(KitConfig(), place.root, lambda done, total: None).clips)
    assert len(clips) == 12
    for clip in clips:
        (caption,) = clip.captions
        assert len(set(caption.oral)) == 2
        assert all(str(int(clip.name[-5:]) + 2) in text for text in caption.oral)
    record = read_json(place.oral / "rewrites.json")
    assert record["rewriter"]["name"] == "grammar" and record["num_pairs_published"] == 12_696
    before = place.texts()
    again = amx(*place.command("--num-rewrites", 2))
    assert "(0 files written)" in again.out and place.texts() == before


def test_files_of_other_hands_are_left_alone(place):
    place.oral.mkdir()
    (place.oral / "00000.txt").write_text("0\tGive me a wave, twice!\n")
    ended = amx(*place.command("--json"))
    assert "1 clip left alone" in ended.err
    assert json.loads(ended.out)["num_clips"] == 11
    assert (place.oral / "00000.txt").read_text() == "0\tGive me a wave, twice!\n"
    assert json.loads(amx(*place.command("--json", "--force")).out)["num_clips"] == 12
    assert "Give me a wave, twice!" not in (place.oral / "00000.txt").read_text()


def test_a_dry_run_asks_and_writes_nothing(place):
    with ChatServer() as server:
        prices = ("--price-in", 0.5, "--price-out", 1.5)
        ended = amx(*place.command("--dry-run", *prices, url=server.url))
        assert ended.code == 0, ended.err
        assert not server.requests
    assert "12 captions of 12 clips" in ended.out and "0 cached, 12 to make" in ended.out
    assert "tokens in" in ended.out and "at the given price" in ended.out
    assert not place.oral.exists() and not place.store.exists()
    plan = json.loads(amx(*place.command("--dry-run", *prices, "--json", url=server.url)).out)
    expected = (0.5 * plan["tokens_in"] + 1.5 * plan["tokens_out"]) / 1e6
    assert plan["cost"] == pytest.approx(expected) and plan["tokens_in"] > 12 * 200


def test_an_endpoint_is_asked_once_and_its_cost_told(place):
    with ChatServer() as server:
        command = place.command("--price-in", 1000, "--price-out", 0, url=server.url)
        ended = amx(*command)
        assert ended.code == 0, ended.err
        assert "12 answers, 2.4k tokens in, 240 out, cost 2.40" in ended.out
        first = place.texts()
        amx(*command)
        assert set(server.requests.values()) == {1} and len(server.requests) == 12
        limited = amx(*place.command("--dry-run", url=server.url))
        assert "12 cached, 0 to make" in limited.out
    assert place.texts() == first


def test_a_limit_writes_the_clips_that_are_whole(place):
    with ChatServer() as server:
        ended = amx(*place.command("--limit", 5, url=server.url))
        assert ended.code == 0 and len(server.requests) == 5
        assert "7 clips not written" in ended.out and len(place.texts()) == 6
        amx(*place.command("--limit", 5, url=server.url))
        assert len(server.requests) == 10 and len(place.texts()) == 11


def test_what_stays_wrong_is_reported_with_its_file_and_reason(place):
    def behave(handler, caption, number):
        bad = "Please wave 99 times." if caption.endswith(" 3 times") else well_said(caption)
        handler.say(bad)

    with ChatServer(behave) as server:
        ended = amx(*place.command(url=server.url))
        assert server.requests["a person waves 3 times"] == 4
    assert ended.code == 3
    assert "texts/M00001.txt caption 0" in ended.err
    assert "has the numbers 99 where the description has 3" in ended.err
    assert not (place.oral / "M00001.txt").exists() and len(place.texts()) == 12
    (failure,) = read_json(place.oral / "rewrites.json")["failures"]
    assert failure["file"] == "texts/M00001.txt" and failure["last"] == "Please wave 99 times."
    with ChatServer() as server:
        assert amx(*place.command(url=server.url)).code == 0
        assert server.requests == {"a person waves 3 times": 1}


def test_a_kill_at_any_time_changes_no_text_and_repeats_no_request(place, tmp_path):
    with ChatServer() as server:
        amx(*place.command(url=server.url))
    expected = place.texts()
    victim = Place(tmp_path / "victim")

    def slow(handler, caption, number):
        time.sleep(0.05)
        handler.say(well_said(caption))

    answered: set[str] = set()
    kills = 0
    with ChatServer(slow) as server:
        for wanted in (2, 7):
            command = victim.command("--set", "at_once=2", url=server.url)
            process = start(*command)
            deadline = time.monotonic() + 60
            while len(kept(victim)) < wanted and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
            assert not set(server.requests) & answered
            answered = kept(victim)
            server.requests.clear()
        ended = run(*victim.command(url=server.url))
        assert ended.code == 0, ended.err
        assert set(server.requests) == set(victim.captions) - answered
    assert kills == 2
    assert victim.texts() == expected


def kept(place: Place) -> set[str]:
    found = set()
    for path in (place.store / "cache" / "rewrites").glob("*/*.json"):
        found.add(json.loads(path.read_text())["caption"])
    return found


def test_ctrl_c_ends_it_with_what_is_finished_kept(place):
    def some(handler, caption, number):
        if caption.startswith("a person waves 2"):
            handler.say(well_said(caption))
        else:
            handler.stall()

    with ChatServer(some) as server:
        process = start(*place.command("--set", "at_once=2", url=server.url))
        deadline = time.monotonic() + 60
        while not (kept(place) and server.under_way == 2):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "Traceback" not in err and "interrupted; the same command continues" in err
    assert kept(place) == {"a person waves 2 times"}


@pytest.mark.parametrize("command", [amx, partial(run, "-v")], ids=["plain", "verbose"])
def test_the_key_is_nowhere(tmp_path, command):
    place = Place(tmp_path, num_clips=5)

    def tell_tale(handler, caption, number):
        if number == 1:
            handler.send(500, json.dumps({"error": {"message": KEY}}), X_Key=KEY)
        elif caption.endswith(" 3 times"):
            handler.say(f"Wave 3 times, {KEY}")
        elif caption.endswith(" 4 times"):
            handler.send(200, f"<html>{KEY}</html>", "text/html")
        else:
            handler.say(well_said(caption))

    with ChatServer(tell_tale) as server:
        ended = command(*place.command(url=server.url))
    assert server.keys == {f"Bearer {KEY}"}
    assert KEY not in ended.out + ended.err + place.everything_written()
    assert "Wave 3 times, ***" in place.everything_written() or ended.code == 0

    refusal = json.dumps({"error": {"message": f"wrong key {KEY}"}})
    with ChatServer(lambda handler, *_: handler.send(401, refusal, X_Key=KEY)) as server:
        ended = command(*place.command("--force", "--set", "seed=1", url=server.url))
    assert ended.code == 5 and "wrong key ***" in ended.err
    assert KEY not in ended.out + ended.err + place.everything_written()


@pytest.mark.parametrize(
    ("args", "code", "problem"),
    [
        (["--rewriter", "gramar"], 2, "'gramar' is not one of grammar, openai, local; did you"),
        (["--rewriter", "openai"], 2, "model: missing"),
        (["--model", "x"], 2, "unknown key; the keys here are name, seed"),
        (["--set", "seed=x"], 2, "where an integer belongs"),
        (["--rewriter", "openai", "--model", "m", "--set", "temperature=9"], 2, "at most 2"),
        (["--dataset", "demo"], 2, "brings its rewrites along"),
    ],
)
def test_wrong_arguments(place, args, code, problem):
    ended = amx(*place.command(*args))
    assert ended.code == code and problem in ended.problem
    assert not place.oral.exists()


@pytest.mark.parametrize(
    "args",
    [
        ["--set", f"api_key={KEY}"],
        ["--set", f"key={KEY}"],
        ["--base-url", f"http://me:{KEY}@127.0.0.1/v1"],
        ["--base-url", f"http://127.0.0.1/v1?key={KEY}"],
        ["--set", f"base_url=http://me:{KEY}@127.0.0.1/v1"],
        ["--key", KEY],
        [f"--api-key={KEY}"],
    ],
)
def test_a_key_on_the_command_line_is_refused_and_not_repeated(place, args):
    ended = amx("-v", *place.command("--rewriter", "openai", "--model", "m", *args))
    assert ended.code == 2 and ended.problem
    assert KEY not in ended.err + ended.out


def test_a_missing_key_is_told_before_anything_is_asked(place, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with ChatServer() as server:
        ended = amx(*place.command(url=server.url))
        assert ended.code == 2 and "OPENAI_API_KEY holds no key" in ended.problem
        assert not server.requests
        key = place.root / "key.txt"
        key.write_text(KEY)
        assert amx(*place.command("--key-file", key, url=server.url)).code == 0
        assert server.keys == {f"Bearer {KEY}"}


def test_the_progress_line_has_rate_time_tokens_and_cost():
    progress = RewriteProgress(Prices(2.0, 10.0))
    tally = Tally(total=100)
    assert progress.line(tally, progress.started + 1) == "  0/100 rewrites  cost 0.00"
    tally = Tally(total=100, done=25, asked=30, tokens_in=1_000_000, tokens_out=200_000)
    line = progress.line(tally, progress.started + 50)
    assert line == "  25/100 rewrites  0.5/s  2 min left  1.2M tokens  cost 4.00"


def test_without_the_package_it_says_what_to_install(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with ChatServer() as server:
        ended = amx(*place.command(url=server.url))
    assert ended.code == 5 and "pip install 'audiomotion[oral]'" in ended.problem


def test_a_folder_of_ones_own_is_rewritten(place):
    place.kit.folder.rename(place.root / "mine")
    ended = amx(*place.command("--folder", "mine"))
    assert ended.code == 0, ended.err
    assert len(list((place.root / "mine" / "oral").glob("*.txt"))) == 12
