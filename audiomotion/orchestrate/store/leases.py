"""Leases: the right to do something that has a name, between machines that share only objects.

A holder creates `claims/NAME/000007`, which only one of several can, and renews
`claims/NAME/000007.beat`. Whoever sees the same beat for the time that the holder promised, on
a clock of its own that nobody sets, creates 000008 and has taken over. A holder that finds a
higher number has lost. No two clocks are ever compared.
"""

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audiomotion.errors import AudiomotionError
from audiomotion.files import read_json, write_json
from audiomotion.orchestrate.store.remote import Entry, Remote

logger = logging.getLogger(__name__)

_BEATS_A_LEASE: Final = 6
_LOOKS_A_LEASE: Final = 30
_LONGEST_LOOK: Final = 1.0
_BOOT = Path("/proc/sys/kernel/random/boot_id")

Beat = Callable[[], Mapping[str, Any]]
"""Returns what others may know of the work that goes on."""


class Lease:
    """A right that is held, and renewed from a thread, until it is released or lost."""

    def __init__(self, remote: Remote, name: str, number: int, seconds: float, beat: Beat) -> None:
        self.number = number
        self.lost = False
        self.for_good = False
        """Whether nobody will want it any more, once it is released."""
        self._remote = remote
        self._folder = f"claims/{name}"
        self._seconds = seconds
        self._beat = beat
        self._count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew_often, daemon=True)
        self._thread.start()

    @property
    def _object(self) -> str:
        return f"{self._folder}/{self.number:06d}"

    def check(self) -> bool:
        """Ask the storage; return whether the right is still held."""
        numbers = _numbers(self._remote.listing(self._folder))
        if self.number != max(numbers, default=None):
            self.lost = True
        return not self.lost

    def release(self) -> None:
        """Let others have it at once."""
        self._stop.set()
        self._thread.join()
        if self.lost:
            return
        if self.for_good:
            self._remote.delete_below(self._folder)
            return
        self._remote.create(f"{self._object}.released", secrets.token_bytes(8))
        found = self._remote.listing(self._folder)
        self._remote.delete([name for name in found if not name.startswith(self._object)])

    def _renew_often(self) -> None:
        while True:
            try:
                if not self.check():
                    return
                self._count += 1
                content = {"count": self._count, **self._beat()}
                self._remote.put(f"{self._object}.beat", json.dumps(content).encode())
            except AudiomotionError as error:  # storage that comes back in time costs nothing
                logger.warning("a claim could not be renewed: %s", error)
            if self._stop.wait(self._seconds / _BEATS_A_LEASE):
                return


@dataclass(frozen=True)
class _Found:
    """The newest claim to a name."""

    number: int
    released: bool


class Leases:
    """Takes leases for the processes that share one mirror folder."""

    def __init__(self, remote: Remote, mirror: Path, seconds: float) -> None:
        """Note whose leases these are.

        Args:
            remote: Where the claims are.
            mirror: Folder of this machine; a process that takes a lease holds a lock of the same
                name there, so that what an earlier one left is known to be dead.
            seconds: How long a holder may be silent.
        """
        self._remote = remote
        self._mirror = mirror
        self._seconds = seconds

    def acquire(self, name: str, beat: Beat, *, wait: bool) -> Lease | None:
        """Return a lease; None where another holds it and this call does not wait."""
        while True:
            found = self._newest(name)
            number = 1 if found is None else found.number + 1
            free = found is None or found.released or self._is_dead(name, found)
            if free and self._create(name, number):
                return Lease(self._remote, name, number, self._seconds, beat)
            if free:  # another was faster
                continue
            if not wait:
                return None
            time.sleep(min(_LONGEST_LOOK, self._seconds / _LOOKS_A_LEASE))

    def beat(self, name: str) -> Mapping[str, Any] | None:
        """Return what the holder of a lease last said; None where nobody holds it."""
        found = self._newest(name)
        if found is None or found.released:
            return None
        return self._read(f"claims/{name}/{found.number:06d}.beat")

    def _newest(self, name: str) -> _Found | None:
        entries = self._remote.listing(f"claims/{name}")
        number = max(_numbers(entries), default=None)
        if number is None:
            return None
        return _Found(number, f"claims/{name}/{number:06d}.released" in entries)

    def _create(self, name: str, number: int) -> bool:
        content = {
            "holder": self._identity(),
            "seconds": self._seconds,
            "nonce": secrets.token_hex(8),
        }
        object_name = f"claims/{name}/{number:06d}"
        if not self._remote.create(object_name, json.dumps(content).encode()):
            return False
        # Another may have counted from a claim that was released and removed meanwhile.
        if number == max(_numbers(self._remote.listing(f"claims/{name}")), default=None):
            return True
        self._remote.delete([object_name])
        return False

    def _is_dead(self, name: str, found: _Found) -> bool:
        object_name = f"claims/{name}/{found.number:06d}"
        claim = self._read(object_name)
        if claim is None:  # removed since the listing
            return False
        if claim["holder"] == self._identity():
            return True
        beat = self._read(f"{object_name}.beat") or {}
        silent = self._silent_for(name, [found.number, beat.get("count")])
        return silent >= float(claim["seconds"])

    def _silent_for(self, name: str, seen: list[Any]) -> float:
        """Return the seconds for which the processes here have seen nothing else."""
        path, now = self._mirror / "locks" / f"{name}.seen", time.monotonic()
        try:
            before = read_json(path)
        except AudiomotionError:  # nothing seen yet
            before = {}
        # The clock counts from the start of the machine, and so for all of its processes.
        if before.get("boot") == _boot() and before.get("seen") == seen:
            return now - float(before["since"])
        write_json(path, {"boot": _boot(), "seen": seen, "since": now})
        return 0.0

    def _read(self, name: str) -> dict[str, Any] | None:
        content = self._remote.read(name)
        return None if content is None else dict(json.loads(content))

    def _identity(self) -> str:
        """Return what all processes of this start of this machine with this mirror share."""
        path = self._mirror / "id"
        if not path.exists():
            with path.open("a") as file:
                file.write(secrets.token_hex(16))
        return f"{path.read_text()[:32]}@{_boot()}"


def _boot() -> str:
    return _BOOT.read_text().strip() if _BOOT.exists() else ""


def _numbers(entries: Mapping[str, Entry]) -> list[int]:
    """Return the numbers of all claims in a listing."""
    names = (name.rpartition("/")[2] for name in entries)
    return [int(name) for name in names if name.isdecimal()]
