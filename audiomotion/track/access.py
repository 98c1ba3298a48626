"""What a tracking server's refusal means, in a sentence that tells what to do and no secret."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from audiomotion.errors import ClusterError

_USER = "MLFLOW_TRACKING_USERNAME"
_BOTH = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"


@contextmanager
def refusals_explained(uri: str) -> Iterator[None]:
    """Raise what MLflow and its database raise in the block as one sentence.

    Raises:
        ClusterError: The server does not answer or refuses.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        said = _refusal(error.error_code, str(error)) or _general(error)
        raise ClusterError(f"MLflow at {uri} {said}") from error
    except (SQLAlchemyError, OSError) as error:
        raise ClusterError(f"MLflow at {uri} {_general(error)}") from error


def _general(error: Exception) -> str:
    reason = str(error).partition("\n")[0][:500]
    return f"cannot be used: {reason}; start it, or unset MLFLOW_TRACKING_URI"


def _refusal(code: str, text: str) -> str | None:
    """Return what it means that the server does not let us in, or not write; None otherwise."""
    user = os.environ.get(_USER)
    if code == "UNAUTHENTICATED":
        return (
            f"refuses user {user!r} with this password; see {_BOTH}"
            if user
            else f"asks for a user and a password; set {_BOTH}"
        )
    # A server also answers so to a host name that it does not allow, in other words.
    if code == "PERMISSION_DENIED" and user and "Permission denied" in text:
        return (
            f"does not let user {user!r} do this; ask its administrator for the permission EDIT "
            f"on the experiment, or set {_BOTH} to those of another user"
        )
    return None
