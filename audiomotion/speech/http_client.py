"""Posting JSON to a server that may be slow, busy or gone, with a key that stays out of sight."""

import http.client
import json
import os
import random
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from audiomotion.errors import ConfigError, ModelError

_MOST_BYTES = 2**28
_LONGEST_PAUSE = 120.0
_SHOWN = 200


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for."""

    timeout_seconds: float
    """From a request to the whole of its answer."""

    num_retries: int
    backoff_seconds: float


class _TryAgain(Exception):  # noqa: N818 - an event that the client recovers from
    """The server may answer later; says why it did not now."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the key to another server."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Follow nothing: the status is an error like any other."""


def read_key(variable: str, file: str | None) -> str | None:
    """Return the key in a file, or else in an environment variable; None where there is none.

    Raises:
        ConfigError: The file cannot be read, is empty, or what is there is no key.
    """
    if file is None:
        found = os.environ.get(variable, "").strip()
        return _checked(found, f"environment variable {variable}") if found else None
    try:
        key = Path(file).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"api_key_file: {file} cannot be read ({type(error).__name__}); it holds the key alone"
        ) from None
    return _checked(key, f"api_key_file: {file}")


def _checked(key: str, where: str) -> str:
    """Return the key; what no header may hold would be repeated in a library's error."""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            f"{where} should hold the key alone, one word of printable ASCII characters"
        )
    return key


class HttpClient:
    """Posts to one server; many threads may share it.

    Args:
        base_url: The server, up to the version.
        key: Sent as a bearer token; it is in no message, and follows no redirect.
        patience: How long to wait and how often to try.
    """

    def __init__(self, base_url: str, key: str | None, patience: Patience) -> None:
        self._base_url = base_url
        self._key = key
        self._patience = patience
        self._opener = urllib.request.build_opener(_NoRedirects)

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        """Return the body of the answer.

        429, 5xx, broken connections and answers that do not come are tried again, each time after
        twice the pause, or after as long as the server asks for.

        Raises:
            ModelError: The server refuses, or every try failed.
        """
        tries = self._patience.num_retries + 1
        for attempt in range(tries):
            try:
                return self._once(path, body)
            except _TryAgain as error:
                reason, pause = str(error), error.pause
            if attempt < tries - 1:
                time.sleep(self._pause(attempt) if pause is None else min(pause, _LONGEST_PAUSE))
        raise ModelError(
            f"{self._base_url}{path} gave no answer in {tries} tries; the last one: {reason}"
        )

    def _pause(self, attempt: int) -> float:
        # Spread, so that requests that failed together are not made together again.
        longest: float = self._patience.backoff_seconds * 2**attempt
        return min(random.uniform(0.5, 1) * longest, _LONGEST_PAUSE)

    def _once(self, path: str, body: dict[str, Any]) -> bytes:
        deadline = time.monotonic() + self._patience.timeout_seconds
        headers = {"Content-Type": "application/json", "User-Agent": "audiomotion"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(
            self._base_url + path, json.dumps(body).encode(), headers, method="POST"
        )
        try:
            with self._opener.open(request, timeout=self._patience.timeout_seconds) as answer:
                return _all_of(answer, deadline)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error, path) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            # The chain is cut: what a library says of a request may hold its headers.
            raise _TryAgain(self._hidden(f"{type(error).__name__}: {error}")) from None

    def _refusal(self, error: urllib.error.HTTPError, path: str) -> Exception:
        status = f"status {error.code} {error.reason}"
        if error.code in (408, 409, 429) or error.code >= 500:
            return _TryAgain(self._hidden(status), _seconds(error.headers.get("Retry-After")))
        if error.code in (401, 403):
            # Its text is not repeated: servers like to quote the key.
            return ModelError(
                f"{self._base_url} refuses the key ({error.code}); give the right one in the "
                "environment variable of api_key_env, or in api_key_file"
            )
        try:
            said = error.read(4096).decode(errors="replace")
        except (OSError, http.client.HTTPException):
            said = ""
        # Hidden before it is cut: half a key is a key too.
        text = self._hidden(" ".join(said.split()))[:_SHOWN]
        return ModelError(f"{self._base_url}{path} refuses: {self._hidden(status)} {text}")

    def _hidden(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


def _all_of(answer: IO[bytes], deadline: float) -> bytes:
    """Read to the end; a server that sends a byte now and then must not hold us for ever."""
    received = bytearray()
    while part := answer.read1(2**16):  # type: ignore[attr-defined]
        received += part
        if time.monotonic() > deadline:
            raise _TryAgain(f"the answer was not whole in time ({len(received)} bytes)")
        if len(received) > _MOST_BYTES:
            raise ModelError(f"an answer of more than {_MOST_BYTES} bytes is no utterance")
    length = answer.headers.get("Content-Length")  # type: ignore[attr-defined]
    # read1 does not say that the connection broke before the announced end.
    if length is not None and len(received) < int(length):
        raise _TryAgain(f"the answer broke off after {len(received)} of {length} bytes")
    return bytes(received)


def _seconds(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header; None for none, or for a date."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None
