"""The job server over HTTP: whether it answers, and what is uploaded to it."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from audiomotion.errors import ClusterError
from audiomotion.orchestrate.submitting.address import Address, refused

_SECONDS_TO_ANSWER = 5.0
_SECONDS_TO_UPLOAD = 120.0


def server_version(address: Address) -> str:
    """Return the Ray version of a cluster; Ray's client would wait minutes for one that is gone.

    Raises:
        ClusterError: Nothing answers in a few seconds, or it is no job server, or the token is
            wrong.
    """
    answer = _request(address, "GET", "/api/version", _SECONDS_TO_ANSWER)
    try:
        return str(json.loads(answer)["ray_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(
            f"{address.url} answers, but not as the job server of a Ray cluster; its port is "
            "--dashboard-port, 8265 by default"
        ) from error


def upload(address: Address, name: str, content: bytes) -> str:
    """Put a package into the cluster unless it is there; return the URI that jobs name it with.

    Raises:
        ClusterError: The job server refused.
    """
    path = f"/api/packages/gcs/{name}"
    # Asking also keeps it: between two jobs Ray forgets a package that none of them uses.
    if not _exists(address, path):
        _request(address, "PUT", path, _SECONDS_TO_UPLOAD, content)
    return f"gcs://{name}"


def _exists(address: Address, path: str) -> bool:
    try:
        _request(address, "GET", path, _SECONDS_TO_ANSWER)
    except ClusterError as error:
        if isinstance(cause := error.__cause__, urllib.error.HTTPError) and cause.code == 404:
            return False
        raise
    return True


def _request(
    address: Address, method: str, path: str, seconds: float, content: bytes | None = None
) -> bytes:
    request = urllib.request.Request(
        f"{address.url}{path}", content, address.headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            body: Any = answer.read()
            return bytes(body)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            raise refused(address, error.code) from error
        raise ClusterError(
            f"{address.url} answers {error.code} to {method} {path}; is it a Ray job server "
            "(--dashboard-port, 8265 by default)?"
        ) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ClusterError(
            f"{address.url} does not answer ({reason}); is the cluster up (`ray up`, "
            "`ray start --head`), and reachable from here?"
        ) from error
