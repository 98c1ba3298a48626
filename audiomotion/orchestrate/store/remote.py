"""Objects behind a URL, through fsspec: put whole, created once, listed, read; tried again."""

import os
import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from audiomotion.config.nearest import not_one_of
from audiomotion.errors import ClusterError, ConfigError
from audiomotion.orchestrate.store.refusals import (
    exists_already,
    explained,
    is_missing,
    is_transient,
)

_PROTOCOLS: Final = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
"""Kinds of storage in which of two that create one object only one succeeds."""

_MAX_CONCURRENT: Final = 16
_TRIES: Final = 9
_FIRST_TRIES: Final = 3
"""Before anything has answered: a wrong address is said at once."""
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 15.0
_NAMES_SECONDS: Final = 5.0

T = TypeVar("T")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Entry:
    """An object in a listing."""

    size: int
    tag: str
    """Differs between two contents of one object."""
    modified: float
    """When it was written, in seconds since 1970; now where that is not known."""


class Remote:
    """Objects below a URL. Every method raises an AudiomotionError where the storage refuses.

    What may pass (a server that is busy, a connection that broke) is tried again for about a
    minute.
    """

    def __init__(self, url: str) -> None:
        """Check the URL; nothing is asked yet.

        Raises:
            ConfigError: Its kind cannot hold a store, or needs a package that is not installed.
        """
        self.url = url.rstrip("/")
        protocol, _, rest = url.partition("://")
        if protocol not in _PROTOCOLS:
            problem = not_one_of(protocol, [*_PROTOCOLS, "file"])
            raise ConfigError(
                f"--store {url}: {problem}; with other storage two drivers may both get one stage"
            )
        if not rest.strip("/"):
            raise ConfigError(f"--store {url}: the URL names no bucket")
        self._protocol = protocol
        self._class = _filesystem_class(protocol, url)
        self._open: tuple[int, Any] | None = None
        self._answered = False

    @property
    def _fs(self) -> Any:
        """The file system of this process: a forked one cannot use that of its parent."""
        if self._open is None or self._open[0] != os.getpid():
            self._open = os.getpid(), self._class(**_options(self._protocol))
            self._open[1].retries = 1  # s3fs's own, which would multiply ours
        return self._open[1]

    def _path(self, name: str) -> str:
        return str(self._class._strip_protocol(f"{self.url}/{name}"))

    def put(self, name: str, content: bytes | Path) -> None:
        """Write an object, whole or not at all."""
        path = self._path(name)
        if isinstance(content, Path):
            self._tried(name, lambda: self._fs.put_file(str(content), path))
        else:
            self._tried(name, lambda: self._fs.pipe_file(path, content))

    def create(self, name: str, content: bytes) -> bool:
        """Write an object that is not there yet; return whether it was this call that wrote it.

        Contents of two callers must differ: where an answer got lost, what is there tells whose it
        is.
        """
        path = self._path(name)

        def attempt() -> bool:
            try:
                self._fs.pipe_file(path, content, mode="create")
            except Exception as error:
                if not exists_already(error):
                    raise
                return self.read(name) == content
            return True

        return self._tried(name, attempt)

    def read(self, name: str) -> bytes | None:
        """Return an object's content; None where there is none."""
        path = self._path(name)
        return self._tried(name, lambda: _or_none(lambda: bytes(self._fs.cat_file(path))))

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return the contents of those objects that are there, several asked for at a time."""
        wanted = list(names)
        found = zip(wanted, self.map(self.read, wanted), strict=True)
        return {name: content for name, content in found if content is not None}

    def download(self, name: str, target: Path) -> bool:
        """Write an object to a file; return whether there is one."""
        path = self._path(name)

        def attempt() -> bool:
            self._fs.get_file(path, str(target))
            return True

        return self._tried(name, lambda: _or_none(attempt)) is not None

    def listing(self, prefix: str) -> dict[str, Entry]:
        """Return every object below a folder, by its name below the URL."""
        path, root = self._path(prefix), self._path("")
        found: Mapping[str, Any] | None = self._tried(
            prefix, lambda: _or_none(lambda: self._fs.find(path, detail=True))
        )
        return {
            name.removeprefix(root).lstrip("/"): Entry(
                int(info["size"]), _tag(info), _modified(info)
            )
            for name, info in (found or {}).items()
            if info["type"] == "file"
        }

    def copy(self, source: str, target: str) -> bool:
        """Copy an object within the storage; return whether it is there."""
        paths = self._path(source), self._path(target)

        def attempt() -> bool:
            self._fs.cp_file(*paths)
            return True

        return self._tried(source, lambda: _or_none(attempt)) is not None

    def delete(self, names: Collection[str]) -> None:
        """Delete objects; those that are not there are passed over."""
        self.map(self._delete_one, names)

    def _delete_one(self, name: str) -> None:
        path = self._path(name)
        self._tried(name, lambda: _or_none(lambda: self._fs.rm_file(path)))

    def delete_below(self, prefix: str) -> None:
        """Delete every object below a folder."""
        self.delete(self.listing(prefix).keys())

    def map(self, action: Callable[[Item], T], items: Iterable[Item]) -> list[T]:
        """Return the result for each item, several at a time."""
        todo = list(items)
        if len(todo) < 2:
            return [action(item) for item in todo]
        with ThreadPoolExecutor(min(_MAX_CONCURRENT, len(todo))) as pool:
            return list(pool.map(action, todo))

    def _tried(self, name: str, action: Callable[[], T]) -> T:
        attempt = 0
        while True:
            try:
                result = action()
            except Exception as error:  # of whatever library the storage needs
                attempt += 1
                tries = _TRIES if self._answered else _FIRST_TRIES
                if not is_transient(error) or attempt >= tries:
                    raise explained(error, f"{self.url}/{name}".rstrip("/")) from error
            else:
                self._answered = True
                return result
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
            time.sleep(wait * random.uniform(0.5, 1.0))


class Names:
    """The names of what lies in a folder, listed anew when they are some seconds old."""

    def __init__(self, remote: Remote, folder: str) -> None:
        self._remote = remote
        self._folder = folder
        self._found: frozenset[str] = frozenset()
        self._until = -float("inf")

    def names(self) -> frozenset[str]:
        """Return the names, without their endings."""
        if time.monotonic() > self._until:
            listing = self._remote.listing(self._folder)
            self._found = frozenset(Path(name).stem for name in listing)
            self._until = time.monotonic() + _NAMES_SECONDS
        return self._found

    def forget(self) -> None:
        """List them anew when they are next asked for."""
        self._until = -float("inf")


def check_exclusive(remote: Remote, nonce: str) -> None:
    """Refuse storage that lets two callers create the same object.

    Raises:
        ClusterError: It does: some servers that speak S3 pass over the condition.
    """
    name = f"probe/{nonce}"
    first, second = remote.create(name, b"first"), remote.create(name, b"second")
    remote.delete([name])
    if not first or second:
        raise ClusterError(
            f"{remote.url}: this storage lets two drivers create the same object (it passes over "
            "If-None-Match), so it cannot hold a store; use a folder that all nodes share"
        )


def _filesystem_class(protocol: str, url: str) -> Any:
    import fsspec

    try:
        return fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        hint = " (pip install 'audiomotion[s3]')" if protocol in ("s3", "s3a") else ""
        raise ConfigError(f"--store {url}: {error}{hint}") from error


def _options(protocol: str) -> dict[str, Any]:
    """Return what to open a file system with: never believe a listing of before."""
    options: dict[str, Any] = {"use_listings_cache": False}
    if protocol in ("s3", "s3a"):
        options["endpoint_url"] = endpoint()  # or another one's open connections would be used
        options["config_kwargs"] = {
            "retries": {"total_max_attempts": 1},
            "connect_timeout": 5,
            "read_timeout": 60,
            "max_pool_connections": 2 * _MAX_CONCURRENT,
        }
    return options


def endpoint() -> str | None:
    """Return what serves s3:// URLs, where it is not Amazon."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _or_none(action: Callable[[], T]) -> T | None:
    try:
        return action()
    except FileNotFoundError as error:
        if not is_missing(error):
            raise
        return None


def _tag(info: Mapping[str, Any]) -> str:
    known = (info.get(key) for key in ("ETag", "etag", "md5Hash", "mtime", "created"))
    return f"{next((str(tag) for tag in known if tag), '')}-{info['size']}"


def _modified(info: Mapping[str, Any]) -> float:
    known = (info.get(key) for key in ("LastModified", "updated", "last_modified", "created"))
    found = next((when for when in known if when is not None), None)
    if isinstance(found, str):
        found = datetime.fromisoformat(found)
    return found.timestamp() if isinstance(found, datetime) else time.time()
