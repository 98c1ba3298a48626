from pathlib import Path

import pytest

from audiomotion.data.text_files import TextFile, read_text_file
from audiomotion.errors import DataError

LINE = "walks.#walk/VERB#0.0#0.0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("texts", "oral", "recordings"):
        (tmp_path / part).mkdir()
    (tmp_path / "texts" / "a.txt").write_text(LINE + "runs.#run/VERB#0.0#0.0\n")
    (tmp_path / "oral" / "a.txt").write_text("0\tWalk!\n0\tGo!\n1\tRun!\n")
    for name in ("a.wav", "b.ogg"):
        (tmp_path / "recordings" / name).write_bytes(b"sound")
    return tmp_path


def test_recordings_belong_to_a_caption_or_to_a_rewrite_of_it(folder: Path) -> None:
    (folder / "recordings" / "a.txt").write_text("0\t-\ta.wav\n0\t1\tb.ogg\n")
    texts = read_text_file(folder, "a")
    assert isinstance(texts, TextFile)
    first, second = (line.caption for line in texts.lines.values())
    assert first.recordings("original") == ("recordings/a.wav",)
    assert first.recordings("oral") == ("", "recordings/b.ogg")
    assert second.recordings("original") == second.recordings("oral") == ("",)
    assert (texts.num_captions, texts.num_oral) == (2, 3)


@pytest.mark.parametrize(
    "line", ["0\ta.wav", "2\t-\ta.wav", "x\t-\ta.wav", "1\t1\ta.wav", "0\t-\t", "0\t-\t../a.wav"]
)
def test_a_wrong_line_of_recordings_is_an_error(folder: Path, line: str) -> None:
    (folder / "recordings" / "a.txt").write_text(f"1\t-\ta.wav\n{line}\n")
    with pytest.raises(DataError, match=r"a\.txt:2: expected 'caption index<TAB>take<TAB>audio"):
        read_text_file(folder, "a")


def test_a_recording_that_is_missing_is_an_error(folder: Path) -> None:
    (folder / "recordings" / "a.txt").write_text("0\t-\tc.wav\n")
    with pytest.raises(DataError, match=r"c\.wav is missing; copy it or cut the line"):
        read_text_file(folder, "a")


def test_a_rewrite_without_words_is_an_error(folder: Path) -> None:
    (folder / "oral" / "a.txt").write_text("0\t...\n")
    with pytest.raises(DataError, match=r"a\.txt:1: expected 'caption index<TAB>rewrite'"):
        read_text_file(folder, "a")
