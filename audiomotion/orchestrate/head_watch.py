"""Whether a cluster's head still answers, asked in a way that never waits for it long."""

import math
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from audiomotion.errors import HeadLostError

_RAY_GIVES_UP_AFTER: Final = "RAY_gcs_rpc_server_reconnect_timeout_s"
"""Ray's own variable: seconds after which it ends a driver, and the nodes, without a word."""
_DEFAULT_SECONDS: Final = 60.0
_SECONDS_FOR_AN_ANSWER: Final = 2.0


def wait_for(action: Callable[[], object], seconds: float) -> None:
    """Do something that may not return, and wait for it for a while."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(seconds)


class HeadWatch:
    """Notices that the head is gone before Ray ends this process, and nothing is recorded.

    Half of the time that Ray waits is for a head that comes back, where it keeps its state outside;
    the other half is for stages to save where they are. What asks the head through Ray may wait for
    all of it, so a driver asks here first.
    """

    def __init__(self, address: str) -> None:
        """Take the address of the head's control service, HOST:PORT."""
        self.address = address
        host, _, port = address.rpartition(":")
        self._place = host.strip("[]"), int(port)
        self._patience = float(os.environ.get(_RAY_GIVES_UP_AFTER) or _DEFAULT_SECONDS) / 2
        self._silent_since: float | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it did not answer when it was asked last."""
        return self._silent_since is not None

    @property
    def grace_seconds(self) -> float:
        """How long stages may take to save where they are: what is left is for the records."""
        return self._patience / 2 if self.is_silent else math.inf

    def answers(self) -> bool:
        """Return whether the head answers now.

        Raises:
            HeadLostError: It has not for a while; it will not come back with what it knew.
        """
        with suppress(OSError), socket.create_connection(self._place, _SECONDS_FOR_AN_ANSWER):
            self._silent_since = None
            return True
        now = time.monotonic()
        self._silent_since = now if self._silent_since is None else self._silent_since
        if now - self._silent_since >= self._patience:
            raise HeadLostError(
                f"the head of the Ray cluster, {self.address}, has not answered for "
                f"{now - self._silent_since:.0f} s: its machine or its processes ended; start the "
                "cluster again, then the same command continues from the last checkpoints"
            )
        return False
