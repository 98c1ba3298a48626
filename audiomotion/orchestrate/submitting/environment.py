"""What a job's processes find in their environment: places, and never a secret.

Ray shows a job's variables to everybody who may read its API.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from audiomotion.errors import ConfigError

SECONDS_TO_STOP: Final = 30
"""How long a stopped job may take to write its checkpoints; Ray's own 3 s are too short."""

_PASSED: Final = (
    "MLFLOW_TRACKING_URI",
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION"),
    "NO_COLOR",
)
_SECRET: Final = re.compile("KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)
_OURS: Final = ("AWS_", "MLFLOW_", "HF_", "FSSPEC_", "OPENAI_")


def job_environment(
    environment: Mapping[str, str], store: str, data_root: str | None, submission_id: str
) -> dict[str, str]:
    """Return the variables of a job.

    Raises:
        ConfigError: A URL holds a password.
    """
    passed = {name: environment[name] for name in _PASSED if environment.get(name)}
    passed["AMX_STORE"] = store
    if data_root is not None:
        passed["AMX_DATA_ROOT"] = data_root
    for name, value in passed.items():
        if urlsplit(value).password:
            raise ConfigError(
                f"{name} holds a password, which everybody who may read the cluster's API would "
                "see; take it out and set it on the nodes (MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD, or the keys of the store)"
            )
    passed["AMX_JOB"] = submission_id
    passed["RAY_JOB_STOP_WAIT_TIME_S"] = str(SECONDS_TO_STOP)
    return passed


def kept_back(environment: Mapping[str, str]) -> list[str]:
    """Return the names of secrets that are set here and not sent: the nodes must have them."""
    return sorted(name for name in environment if name.startswith(_OURS) and _SECRET.search(name))
