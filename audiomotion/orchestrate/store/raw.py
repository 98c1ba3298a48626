"""Raw data in object storage: packed, since a data set is very many small files."""

import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from audiomotion.errors import DataError
from audiomotion.files import file_digest, full_disk_explained, sync_folder
from audiomotion.orchestrate.store.locks import locked
from audiomotion.orchestrate.store.remote import Remote

_PACK_BYTES: Final = 256 * 2**20
_INDEX: Final = "index.json"


def is_packed(remote: Remote, content: str) -> bool:
    """Return whether all of a data set is there."""
    return remote.read(f"raw/{content}/{_INDEX}") is not None


def pack(remote: Remote, content: str, folder: Path, files: Sequence[Path]) -> None:
    """Put files of a folder into the storage, and at last what says that all are there."""
    digests: dict[str, str] = {}
    for number, chunk in enumerate(_chunks(files)):
        name = f"raw/{content}/{number:06d}.tar"
        with tempfile.NamedTemporaryFile(suffix=".tar") as aside, full_disk_explained(folder):
            with tarfile.open(aside.name, "w") as archive:
                for path in chunk:
                    archive.add(path.resolve(), path.relative_to(folder).as_posix())
            digests[name] = file_digest(Path(aside.name))
            remote.put(name, Path(aside.name))
    remote.put(f"raw/{content}/{_INDEX}", json.dumps(digests, indent=1).encode())


def unpack(remote: Remote, content: str, root: Path) -> Path | None:
    """Return the folder of a data set on this machine, brought once; None where there is none.

    Raises:
        DataError: A pack is damaged, or the disk is full.
    """
    target = root / "raw" / content
    with locked(root / "locks" / f"raw-{content}.lock"), full_disk_explained(target):
        if target.exists():
            return target
        index = remote.read(f"raw/{content}/{_INDEX}")
        if index is None:
            return None
        aside = target.with_name(f"{content}.part")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for name, digest in dict[str, Any](json.loads(index)).items():
            _unpack_one(remote, name, digest, aside)
        aside.rename(target)
        sync_folder(target.parent)
    return target


def _unpack_one(remote: Remote, name: str, digest: str, target: Path) -> None:
    packed = target.with_name(f"{target.name}.tar")
    try:
        if not remote.download(name, packed) or file_digest(packed) != digest:
            raise DataError(
                f"{remote.url}/{name} is missing or damaged; `amx data push --again` puts it anew"
            )
        with tarfile.open(packed) as archive:
            archive.extractall(target, filter="data")
    finally:
        packed.unlink(missing_ok=True)


def _chunks(files: Sequence[Path]) -> Iterator[list[Path]]:
    chunk: list[Path] = []
    size = 0
    for path in files:
        if chunk and size + path.stat().st_size > _PACK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(path)
        size += path.stat().st_size
    if chunk:
        yield chunk
