"""Which cluster is meant, and the token that it is asked with."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from audiomotion.errors import ClusterError, ConfigError

INSIDE_JOB = "AMX_JOB"
"""Variable that is set in a job's driver: its submission id."""

_ENVIRONMENT = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")
"""Where Ray's own client looks, in this order, and even where an address is given."""

_HOW_TO_GET_A_TOKEN = (
    "on the head node `ray get-auth-token` prints it (--generate makes one, before `ray start`); "
    "put it into RAY_AUTH_TOKEN, a file named by RAY_AUTH_TOKEN_PATH, or ~/.ray/auth_token"
)


@dataclass(frozen=True)
class Address:
    """A job server, as http://HOST:PORT, and the token for it."""

    url: str
    token: str | None

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def is_loopback(self) -> bool:
        """Whether it names this machine; the cluster may still be elsewhere, behind a tunnel."""
        return _is_loopback(urlsplit(self.url).hostname or "")


def chosen_address(option: str | None, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the address that is asked for, None for this machine, and what to say about it.

    An option wins over the environment; inside a job everything runs where it is.
    """
    if INSIDE_JOB in environment:
        return None, ""
    named = next(((key, environment[key]) for key in _ENVIRONMENT if environment.get(key)), None)
    if option is None:
        return (named[1], f"{named[0]}: {named[1]}") if named else (None, "")
    if named and named[1].rstrip("/") != option.rstrip("/"):
        return option, f"--address {option} is used, not {named[0]} {named[1]}"
    return option, ""


def read_address(url: str, environment: Mapping[str, str]) -> Address:
    """Return a checked address with its token.

    Raises:
        ConfigError: It names no job server.
        ClusterError: Anybody on the way could use the cluster: plain http to another machine
            without a token.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"address {url!r} is no job server; give http://HEAD:8265 (https:// behind a proxy), "
            "or leave it out (unset RAY_ADDRESS) to run on this machine"
        )
    if parts.username or parts.password:
        raise ConfigError("address: no user or password belongs into it; a token authenticates")
    address = Address(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", None)
    token = find_token(environment)
    if token is None and parts.scheme == "http" and not address.is_loopback:
        raise ClusterError(
            f"{address.url} is another machine, and without a token anybody who reaches it can "
            f"run code on it: {_HOW_TO_GET_A_TOKEN}; or reach it through a tunnel: "
            f"ssh -L 8265:localhost:{parts.port or 8265} {parts.hostname}, "
            "--address http://localhost:8265"
        )
    return Address(address.url, token)


def find_token(environment: Mapping[str, str]) -> str | None:
    """Return the token from where Ray itself looks; None where there is none, or none is wanted.

    Raises:
        ConfigError: RAY_AUTH_TOKEN_PATH names no readable file.
    """
    if environment.get("RAY_AUTH_MODE", "").lower() == "disabled":
        return None
    if token := environment.get("RAY_AUTH_TOKEN", "").strip():
        return token
    if path := environment.get("RAY_AUTH_TOKEN_PATH"):
        try:
            return Path(path).read_text("utf-8").strip() or None
        except OSError as error:
            raise ConfigError(f"RAY_AUTH_TOKEN_PATH {path}: {error.strerror}") from error
    home = Path(environment["HOME"]) if "HOME" in environment else Path.home()
    try:
        return (home / ".ray" / "auth_token").read_text("utf-8").strip() or None
    except OSError:
        return None


def refused(address: Address, status: int) -> ClusterError:
    """Return the error for a job server that answers 401 or 403."""
    if status == 401 and address.token is None:
        reason = f"wants a token: {_HOW_TO_GET_A_TOKEN}"
    else:
        reason = f"does not take this token (it is another cluster's): {_HOW_TO_GET_A_TOKEN}"
    return ClusterError(f"{address.url} answers {status}; it {reason}")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
