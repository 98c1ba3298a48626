"""Whether several machines mean the same place by a store: each leaves a mark, all look for all."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path


def free_gigabytes(store: str) -> float:
    """Return the free space of the disk that a store is on; of the temporary folder for a URL."""
    places = [] if is_url(store) or not store else [Path(store), *Path(store).parents]
    place = next((path for path in places if path.is_dir()), Path(tempfile.gettempdir()))
    return shutil.disk_usage(place).free / 1e9


def is_url(store: str) -> bool:
    """Return whether a store is given by URL; otherwise it is a folder."""
    return "://" in store


def mark_store(store: str, nonce: str, name: str) -> str:
    """Write this node's mark into the store; return what went wrong, empty where nothing did."""
    if not store:
        return ""
    if not is_url(store) and not Path(store).parent.is_dir():
        return f"there is no folder {Path(store).parent}; mount it, or choose another --store"
    try:
        _write(_mark(store, nonce, name))
    except Exception as error:  # a store's API raises classes of its own
        return f"the store {store} cannot be written: {_first_line(error)}"
    return ""


def unseen_marks(store: str, nonce: str, names: Sequence[str]) -> list[str]:
    """Return whose marks cannot be read here: their store is another place."""
    return [name for name in names if store and not _is_readable(_mark(store, nonce, name))]


def remove_marks(store: str, nonce: str, names: Sequence[str]) -> None:
    """Remove what the check wrote; what cannot be removed is harmless."""
    for name in names:
        try:
            _remove(_mark(store, nonce, name))
        except Exception:  # a store's API raises classes of its own
            continue


def write_witness(store: Path, nonce: str) -> str:
    """Leave a file in a folder of this machine, for nodes to look for; return its name."""
    name = "submitter"
    _write(_mark(str(store), nonce, name))
    return name


def _mark(store: str, nonce: str, name: str) -> str:
    return f"{store.rstrip('/')}/probe-{nonce}-{name}"


def _write(place: str) -> None:
    if is_url(place):
        import fsspec

        with fsspec.open(place, "wb") as file:
            file.write(b"amx")
        return
    path = Path(place)
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.write(b"amx")
        file.flush()
        os.fsync(file.fileno())


def _is_readable(place: str) -> bool:
    try:
        if is_url(place):
            import fsspec

            with fsspec.open(place, "rb") as file:
                return bool(file.read() == b"amx")
        return Path(place).read_bytes() == b"amx"
    except Exception:  # what cannot be read, for whatever reason, is not seen
        return False


def _remove(place: str) -> None:
    if is_url(place):
        import fsspec

        system, path = fsspec.core.url_to_fs(place)
        system.rm_file(path)
    else:
        Path(place).unlink()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
