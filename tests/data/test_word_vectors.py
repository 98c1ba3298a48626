import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiomotion.data.captions import Vocabulary
from audiomotion.data.word_vectors import (
    DATA_FILE,
    INDEX_FILE,
    WORDS_FILE,
    load_word_vectors,
    read_published_vectors,
    save_word_vectors,
)
from audiomotion.errors import ModelError
from tests.models.official_files import WORDS, Trap, write_glove


def test_words_and_vectors_of_the_published_files(tmp_path: Path) -> None:
    vocabulary, vectors = read_published_vectors(write_glove(tmp_path))
    assert vocabulary.words == tuple(WORDS)
    assert (vectors.shape, vectors.dtype) == ((6, 300), np.float32)
    assert vectors[vocabulary.index("walk")][:2] == pytest.approx([3.0, 3.01])


def test_a_words_row_is_that_of_the_index(tmp_path: Path) -> None:
    index = {word: len(WORDS) - 1 - place for place, word in enumerate(WORDS)}
    vocabulary, vectors = read_published_vectors(write_glove(tmp_path, index=index))
    assert vectors[vocabulary.index("eos")][0] == 15.0
    assert vectors[vocabulary.index("person")][0] == 0.0


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_and_numpys_numbers_are_read(tmp_path: Path, protocol: int) -> None:
    folder = write_glove(tmp_path)
    index = {word: np.int64(row) for row, word in enumerate(WORDS)}
    content = pickle.dumps(index, protocol)
    older = content.replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n")
    for form in {content, older}:
        (folder / INDEX_FILE).write_bytes(form)
        (folder / WORDS_FILE).write_bytes(pickle.dumps(WORDS, protocol))
        assert read_published_vectors(folder)[0].words == tuple(WORDS)


@pytest.mark.parametrize("name", [WORDS_FILE, INDEX_FILE])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_is_named_and_not_run(tmp_path: Path, name: str, protocol: int) -> None:
    folder = write_glove(tmp_path / "glove")
    (folder / name).write_bytes(pickle.dumps([Trap(tmp_path / "ran")], protocol))
    with pytest.raises(ModelError) as error:
        read_published_vectors(folder)
    assert f"{name} carries code (" in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "ran").exists()
    pickle.loads((folder / name).read_bytes())
    assert (tmp_path / "ran").exists(), "the trap works where it is run"


def test_code_in_the_array_is_not_run(tmp_path: Path) -> None:
    folder = write_glove(tmp_path / "glove")
    np.save(folder / DATA_FILE, np.array([[Trap(tmp_path / "ran")]]))
    with pytest.raises(ModelError, match="cannot be read as an array"):
        read_published_vectors(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"words": [*WORDS[:-1], "eos"]}, "words more than once"),
        ({"words": WORDS[1:]}, "lacks eos, which every caption"),
        ({"words": {"unk": 0}}, "no list of words"),
        ({"words": [*WORDS[:-1], 7]}, "no list of words"),
        ({"index": [0, 1, 2]}, "no row number"),
        ({"index": dict.fromkeys(WORDS, "0")}, "no row number"),
        ({"index": dict.fromkeys(WORDS, 0)}, "row of its own in 0..5"),
        ({"index": {word: row + 1 for row, word in enumerate(WORDS)}}, "row of its own"),
        ({"index": dict(zip(WORDS[:-1], range(5), strict=True))}, "5 words, not the 6.*'person'"),
        ({"vectors": np.zeros((6, 100))}, r"shape \(6, 100\).*\(6, 300\)"),
        ({"vectors": np.zeros((7, 300))}, r"shape \(7, 300\)"),
        ({"vectors": np.full((6, 300), np.nan)}, "NaN or infinite"),
        ({"vectors": np.full((6, 300), 1e300)}, "NaN or infinite"),
        ({"vectors": np.zeros((6, 300), int)}, "no array of real numbers"),
    ],
)
def test_files_that_contradict_each_other_are_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        read_published_vectors(write_glove(tmp_path, **changes))


@pytest.mark.parametrize("name", [DATA_FILE, WORDS_FILE, INDEX_FILE])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 and more", b"no pickle at all", b"\x80\x04."]
)
def test_damage_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    folder = write_glove(tmp_path)
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}.* get the file again"):
        read_published_vectors(folder)


def test_a_damaged_header_of_the_array(tmp_path: Path) -> None:
    path = write_glove(tmp_path) / DATA_FILE
    content = path.read_bytes()
    assert b"(6, 300), }" in content
    for damage in (b"(6, 300(, }", b"(6, 300), '", b"(6, 3e0), }", b"(-6,300), }"):
        path.write_bytes(content.replace(b"(6, 300), }", damage))
        with pytest.raises(ModelError, match=DATA_FILE):
            read_published_vectors(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    folder = write_glove(tmp_path)
    (folder / INDEX_FILE).unlink()
    with pytest.raises(ModelError, match=f"lacks {INDEX_FILE}; give the folder glove"):
        read_published_vectors(folder)


def test_saved_vectors_come_back(tmp_path: Path) -> None:
    vocabulary, vectors = Vocabulary(WORDS), np.random.default_rng(0).random((6, 300), np.float32)
    save_word_vectors(tmp_path, vocabulary, vectors)
    words, loaded = load_word_vectors(tmp_path)
    assert words.words == vocabulary.words
    assert loaded.dtype == np.float32
    assert np.array_equal(loaded, vectors)


def test_saved_vectors_that_are_damaged(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no readable word vectors; import them again"):
        load_word_vectors(tmp_path)
    save_word_vectors(tmp_path, Vocabulary(WORDS), np.zeros((5, 300), np.float32))
    with pytest.raises(ModelError, match=r"6 words and vectors of shape \(5, 300\)"):
        load_word_vectors(tmp_path)
    path = tmp_path / "word_vectors.safetensors"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ModelError, match="no readable word vectors"):
        load_word_vectors(tmp_path)
