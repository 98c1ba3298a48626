"""One hash for all that a folder of raw data holds."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from audiomotion.errors import DataError
from audiomotion.files import file_digest, read_json, write_json

READ_FILES = (
    *("new_joint_vecs/*.npy", "texts/*.txt", "oral/*.txt", "recordings/*"),
    *("train.txt", "val.txt", "test.txt", "dataset.json"),
)
"""What a reader of the published folder layout looks at."""


def fingerprint_folder(
    folder: Path, cache: Path | None = None, files: Sequence[str] = READ_FILES
) -> str:
    """Return the SHA-256 over paths, sizes and contents of the files that a reader looks at.

    With a `cache` file, contents are read again only when a path, size or time of change differs
    from what they were when the hash was taken.

    Raises:
        DataError: `folder` is missing.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is missing; check the path, or --data-root")
    paths = read_files(folder, files)
    listing = _listing_digest(folder, paths)
    known = _read_cache(cache)
    entry = known.get(str(folder.resolve()))
    if entry is not None and entry.get("listing") == listing:
        return entry["fingerprint"]
    fingerprint = hash_files(folder, paths)
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        known[str(folder.resolve())] = {"listing": listing, "fingerprint": fingerprint}
        write_json(cache, known)
    return fingerprint


def read_files(folder: Path, files: Sequence[str] = READ_FILES) -> list[Path]:
    """Return the files that a reader looks at, in their order."""
    found = (path for pattern in files for path in folder.glob(pattern))
    return sorted(path for path in found if path.is_file())


def hash_files(folder: Path, paths: Iterable[Path]) -> str:
    """Return the SHA-256 over path below `folder`, size and content of each file."""
    digest = hashlib.sha256()
    for relative, path in sorted((path.relative_to(folder).as_posix(), path) for path in paths):
        digest.update(f"{relative}\0{path.stat().st_size}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()


def _listing_digest(folder: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for relative, path in sorted((path.relative_to(folder).as_posix(), path) for path in paths):
        status = path.stat()
        digest.update(f"{relative}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _read_cache(cache: Path | None) -> dict[str, dict[str, str]]:
    """Return what the cache holds; a missing or damaged one only costs hashing again."""
    if cache is None or not cache.exists():
        return {}
    try:
        known = read_json(cache)
    except DataError:
        return {}
    return known if isinstance(known, dict) else {}
