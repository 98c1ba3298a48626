"""`amx data stats`: figures and pictures of lengths."""

import json
from pathlib import Path

import pytest

from audiomotion.files import read_json
from tests.cli.command_line import TINY, amx

PNG = b"\x89PNG\r\n\x1a\n"


def test_what_is_stored_is_drawn_and_the_rest_is_named(finished: Path, tmp_path: Path) -> None:
    ended = amx("data", "stats", "--dataset", TINY, "--store", finished, "-o", tmp_path / "out")
    assert ended.code == 0, ended.err
    files = [Path(line) for line in ended.out.splitlines()]
    assert [file.name for file in files] == ["stats.json", "lengths.png", "feature-lengths.png"]
    assert all(file.read_bytes().startswith(PNG) for file in files[1:])
    stats = read_json(files[0])
    original = stats["feature_frames"]["original"]
    assert original["count"] == stats["audio_seconds"]["original"]["count"] == 64
    # The tiny extractor has 50 frames a second.
    assert original["mean"] == pytest.approx(
        stats["frame_hz"] * stats["audio_seconds"]["original"]["mean"], abs=1.5
    )
    assert stats["caption_words"]["oral"]["count"] == 3 * 64
    assert sum(original["histogram"]["counts"]) == 64


def test_without_a_store_the_files_are_read(tmp_path: Path) -> None:
    arguments = ("--store", tmp_path / "none", "-o", tmp_path / "out", "--json")
    ended = amx("data", "stats", "--dataset", TINY, *arguments)
    assert ended.code == 0, ended.err
    stats = json.loads(ended.out)
    assert stats["clip_seconds"]["count"] > 50
    assert stats["feature_frames"] == stats["audio_seconds"] == {}
    assert len(stats["missing"]) == 4
    assert "amx data speak --dataset tiny" in stats["missing"][0]
    assert "test_variant=oral" in ended.err
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "out" / "feature-lengths.png").exists()
