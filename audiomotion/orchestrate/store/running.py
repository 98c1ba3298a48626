"""What is said of stages that run elsewhere, asked for without keeping anybody waiting."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.store.leases import Leases

_SECONDS_BETWEEN_LOOKS: Final = 3.0


class RunningElsewhere:
    """What the holders of claims last said; a display may ask as often as it likes."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="running-elsewhere")
        self._known: dict[str, Mapping[str, Any]] = {}
        self._asked: dict[str, tuple[float, Future[None]]] = {}

    def said(self, fingerprint: str) -> Mapping[str, Any]:
        """Return what is known now, and ask anew where that is older than some seconds."""
        asked = self._asked.get(fingerprint)
        now = time.monotonic()
        if asked is None or (asked[1].done() and now - asked[0] > _SECONDS_BETWEEN_LOOKS):
            self._asked[fingerprint] = now, self._pool.submit(self._ask, fingerprint)
        return self._known.get(fingerprint, {})

    def _ask(self, fingerprint: str) -> None:
        try:
            self._known[fingerprint] = self._leases.beat(fingerprint) or {}
        except AudiomotionError:  # a display can do without
            return
