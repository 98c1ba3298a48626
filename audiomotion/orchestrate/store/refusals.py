"""What the errors of object storage mean: wait and try again, or a sentence for the user."""

import errno
from collections.abc import Iterator
from typing import Final

from audiomotion.errors import AudiomotionError, ClusterError, DataError

_TRANSIENT_STATUS: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_TRANSIENT_ERRNO: Final = frozenset(
    {errno.EBUSY, errno.EREMOTEIO, errno.EAGAIN, errno.ETIMEDOUT, errno.EPIPE}
)
_FULL_CODES: Final = frozenset(
    {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "QuotaExceededException"}
)
_NO_CREDENTIALS: Final = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
)
_NO_ANSWER: Final = frozenset(
    {
        *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"),
        *("ConnectionClosedError", "HTTPClientError", "ConnectionError", "ResponseParserError"),
        *("ClientError_", "ClientConnectionError", "ServerDisconnectedError", "ClientPayloadError"),
        *("FSTimeoutError", "IncompleteReadError", "ResponseStreamingError"),
    }
)
"""Names of classes of botocore, aiohttp and fsspec: none of them is imported where none is used."""


def is_transient(error: BaseException) -> bool:
    """Return whether the same request may succeed a little later."""
    if _is_full(error) or _status(error) in (401, 403):
        return False
    if _status(error) is not None:
        return _status(error) in _TRANSIENT_STATUS
    return any(
        isinstance(one, TimeoutError | ConnectionError)
        or (isinstance(one, OSError) and one.errno in _TRANSIENT_ERRNO)
        or type(one).__name__ in _NO_ANSWER
        for one in _chain(error)
    )


def exists_already(error: BaseException) -> bool:
    """Return whether an exclusive create was refused because there is such an object."""
    # Some servers leave out what condition failed, which s3fs needs to recognise it.
    return isinstance(error, FileExistsError) or _status(error) == 412


def is_missing(error: BaseException) -> bool:
    """Return whether there is no such object; a bucket that is missing is another matter."""
    return isinstance(error, FileNotFoundError) and _code(error) != "NoSuchBucket"


def explained(error: BaseException, place: str) -> AudiomotionError:
    """Return the sentence for an error that trying again does not mend."""
    if _is_full(error):
        return DataError(f"{place}: the storage is full; free some space and run it again")
    if any(type(one).__name__ in _NO_CREDENTIALS for one in _chain(error)):
        return DataError(
            f"{place}: no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or AWS_PROFILE"
        )
    if _code(error) == "NoSuchBucket" or isinstance(error, FileNotFoundError):
        return DataError(f"{place}: there is no such bucket; make it, or see --store")
    if isinstance(error, PermissionError) or _status(error) in (401, 403):
        return DataError(
            f"{place}: access was denied ({_said(error)}); see the credentials and what they allow"
        )
    return ClusterError(
        f"{place}: the storage cannot be used ({_said(error)}); the same command goes on from here "
        "when it can"
    )


def _is_full(error: BaseException) -> bool:
    return (
        _status(error) == 507
        or _code(error) in _FULL_CODES
        or any(
            isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT)
            for one in _chain(error)
        )
    )


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    """Return the HTTP status behind an error."""
    for one in _chain(error):
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
        for name in ("status", "status_code", "code"):  # aiohttp, Azure, Google
            if isinstance(found := getattr(one, name, None), int):
                return found
    return None


def _code(error: BaseException) -> str | None:
    """Return the word that S3 has for what went wrong."""
    for one in _chain(error):
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code"))
    return None
