"""Progress of stages that run elsewhere, asked for without keeping anybody waiting."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.progress import StageProgress
from audiomotion.orchestrate.store.leases import Leases

_SECONDS_BETWEEN_LOOKS: Final = 3.0


class RunningElsewhere:
    """What the holders of claims last said; a display may ask as often as it likes."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="progress")
        self._known: dict[str, StageProgress | None] = {}
        self._asked: dict[str, tuple[float, Future[None]]] = {}

    def progress(self, fingerprint: str) -> StageProgress | None:
        """Return what is known now, and ask anew where that is older than some seconds."""
        asked = self._asked.get(fingerprint)
        now = time.monotonic()
        if asked is None or (asked[1].done() and now - asked[0] > _SECONDS_BETWEEN_LOOKS):
            self._asked[fingerprint] = now, self._pool.submit(self._ask, fingerprint)
        return self._known.get(fingerprint)

    def _ask(self, fingerprint: str) -> None:
        try:
            said = self._leases.beat(fingerprint)
        except AudiomotionError:  # a display can do without
            return
        values = (said or {}).get("progress")
        self._known[fingerprint] = None if values is None else StageProgress(**values)
