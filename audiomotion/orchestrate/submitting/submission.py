"""What is to run on a cluster, and where its things are as the cluster knows them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from audiomotion.errors import ClusterError, ConfigError
from audiomotion.orchestrate.submitting.environment import job_environment
from audiomotion.orchestrate.submitting.shared_store import is_url

_DIGEST_LENGTH: Final = 8


@dataclass(frozen=True)
class Submission:
    """A launch, or a check, for a cluster."""

    title: str
    kind: str
    dataset: str
    arms: tuple[str, ...]
    plan_digest: str
    store: str
    data_root: Path | None
    store_is_here: bool = False
    """Whether the store was given as a folder of this machine, which the nodes then must see."""

    data_folders: tuple[str, ...] = ()
    """Folders below the data root that the stages read."""

    weights: tuple[str, ...] = ()
    """Hub ids and folders of the frozen weights that the stages load."""

    @property
    def stem(self) -> str:
        """The submission id without its attempt: the same request has the same."""
        asked = f"{self.plan_digest} {self.store}"
        digest = hashlib.sha256(asked.encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"amx-{re.sub('[^a-zA-Z0-9.-]+', '-', self.title)}-{digest}"

    @property
    def raw_data(self) -> tuple[str, ...]:
        """The folders of raw data, as the nodes have them."""
        if self.data_root is None:
            return ()
        return tuple(str(self.data_root / folder) for folder in self.data_folders)

    def variables(self, environment: Mapping[str, str], submission_id: str) -> dict[str, str]:
        """Return the environment of a job.

        Raises:
            ConfigError: A URL holds a password.
        """
        root = None if self.data_root is None else str(self.data_root)
        return job_environment(environment, self.store, root, submission_id)


def placed(submission: Submission, *, address_is_loopback: bool) -> Submission:
    """Return a submission with the store and the data root as the cluster is to know them.

    Raises:
        ClusterError: The store is a folder of this machine, and the cluster is another.
        ConfigError: The data root is a folder of this machine, and the cluster is another.
    """
    store, data_root = submission.store, submission.data_root
    if not is_url(store) and not Path(store).is_absolute():
        if not address_is_loopback:
            raise ClusterError(
                f"store {store!r} is a folder of this machine, which the cluster cannot see; give "
                "--store (or AMX_STORE) a URL such as s3://BUCKET/PATH, or the absolute path of a "
                "folder that all nodes share"
            )
        store = str(Path(store).absolute())
    if data_root is not None and not data_root.is_absolute():
        if not address_is_loopback:
            raise ConfigError(
                f"--data-root {data_root} is a folder of this machine; give the absolute path that "
                "the nodes have"
            )
        data_root = data_root.absolute()
    return replace(
        submission,
        store=store,
        store_is_here=store != submission.store,
        data_root=data_root,
    )
