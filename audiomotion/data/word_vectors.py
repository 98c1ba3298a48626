"""Published word vectors: read without running what the files contain, and kept in safe files."""

import codecs
import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from audiomotion.data.arrays import read_real_array
from audiomotion.data.captions import EOS, SOS, UNK, VOCABULARY_FILE, Vocabulary
from audiomotion.errors import DataError, ModelError
from audiomotion.files import full_disk_explained, write_atomic

WordVectors = NDArray[np.float32]

WORD_DIM: Final = 300
"""Width of the published vectors."""

DATA_FILE, WORDS_FILE, INDEX_FILE = "our_vab_data.npy", "our_vab_words.pkl", "our_vab_idx.pkl"

_VECTORS: Final = "word_vectors.safetensors"

_SCALAR: Final = np.float32(0).__reduce__()[0]
_ADMITTED: Final[dict[tuple[str, str], Any]] = {
    ("numpy.core.multiarray", "scalar"): _SCALAR,
    ("numpy._core.multiarray", "scalar"): _SCALAR,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,  # how older pickles write a number's bytes
}
_UNREADABLE: Final = (
    OSError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    AttributeError,
    MemoryError,
    OverflowError,
    RecursionError,
    pickle.UnpicklingError,
)


class _CarriesCodeError(Exception):
    """A pickle names something that is no plain value."""


class _PlainUnpickler(pickle.Unpickler):
    """Reads lists, dicts, texts and numbers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise _CarriesCodeError(f"{module}.{name}")
        return _ADMITTED[module, name]


def read_published_vectors(folder: Path) -> tuple[Vocabulary, WordVectors]:
    """Read the three files of the published vectors: words, and a vector `(V, 300)` for each.

    Raises:
        ModelError: A file is missing, damaged or carries code, or the files contradict each other.
    """
    _require_files(folder)
    words = _words(folder / WORDS_FILE)
    rows = _rows(folder / INDEX_FILE, words)
    shape, why = (len(words), WORD_DIM), f"{len(words)} words have vectors of shape"
    vectors = read_real_array(folder / DATA_FILE, shape, why)
    return Vocabulary(words), np.ascontiguousarray(vectors[rows], np.float32)


def save_word_vectors(folder: Path, vocabulary: Vocabulary, vectors: WordVectors) -> None:
    """Write words and vectors as JSON and safetensors.

    Raises:
        DataError: The disk is full or the folder is not writable.
    """
    with full_disk_explained(folder / VOCABULARY_FILE):
        vocabulary.save(folder / VOCABULARY_FILE)
    write_atomic(folder / _VECTORS, lambda file: file.write(save({"vectors": vectors})))


def load_word_vectors(folder: Path) -> tuple[Vocabulary, WordVectors]:
    """Read what `save_word_vectors` wrote.

    Raises:
        ModelError: The files are missing or damaged.
    """
    try:
        vocabulary = Vocabulary.load(folder / VOCABULARY_FILE)
        vectors: WordVectors = load_file(folder / _VECTORS)["vectors"]
    except (OSError, ValueError, LookupError, TypeError, SafetensorError, DataError) as error:
        raise ModelError(f"{folder} holds no readable word vectors; import them again") from error
    if vectors.ndim != 2 or len(vectors) != len(vocabulary):
        raise ModelError(
            f"{folder} has {len(vocabulary)} words and vectors of shape {vectors.shape}; "
            "import them again"
        )
    return vocabulary, vectors


def _require_files(folder: Path) -> None:
    names = (DATA_FILE, WORDS_FILE, INDEX_FILE)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"{folder} lacks {', '.join(missing)}; give the folder glove of the published systems, "
            f"with {', '.join(names)}"
        )


def _words(path: Path) -> list[str]:
    words = _unpickled(path)
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ModelError(f"{path} holds no list of words; get the file again")
    if len(set(words)) != len(words):
        raise ModelError(f"{path} has words more than once; get the file again")
    missing = [word for word in (UNK, SOS, EOS) if word not in words]
    if missing:
        raise ModelError(
            f"{path} lacks {', '.join(missing)}, which every caption is encoded with; get the file "
            "again"
        )
    return [str(word) for word in words]


def _rows(path: Path, words: list[str]) -> NDArray[np.int64]:
    """Return the row `(V,)` of each word's vector."""
    index = _unpickled(path)
    if not isinstance(index, dict) or not all(_is_integer(row) for row in index.values()):
        raise ModelError(f"{path} holds no row number for each word; get the file again")
    if index.keys() != set(words):
        strange = sorted(map(str, index.keys() ^ set(words)))
        raise ModelError(
            f"{path} has {len(index)} words, not the {len(words)} of {WORDS_FILE}: {strange[0]!r} "
            "is only in one of them; give files of one release"
        )
    rows = np.array([int(index[word]) for word in words], np.int64)
    if not np.array_equal(np.sort(rows), np.arange(len(words))):
        raise ModelError(
            f"{path} does not give each word a row of its own in 0..{len(words) - 1}; get the file "
            "again"
        )
    return rows


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _unpickled(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file).load()
    except _CarriesCodeError as error:
        raise ModelError(
            f"{path} carries code ({error}), which was not run; the published file holds words and "
            "numbers alone: get it from its authors"
        ) from error
    except _UNREADABLE as error:
        raise ModelError(f"{path} is damaged or no pickle; get the file again") from error
