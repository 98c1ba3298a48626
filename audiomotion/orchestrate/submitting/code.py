"""What a job's processes import and read: uploaded once, unpacked by Ray on every node."""

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audiomotion.orchestrate.jobs import Jobs
from audiomotion.orchestrate.submitting.plugins import plugin_wheels
from audiomotion.orchestrate.submitting.recipes import ShippedCommand
from audiomotion.orchestrate.submitting.server import upload
from audiomotion.orchestrate.submitting.wheel import own_wheel, zipped


@dataclass(frozen=True)
class Code:
    """What was uploaded: the package, the plugins, and the files that the command names."""

    packages: Mapping[str, Any]
    """As Ray's runtime environment names them."""

    projects: tuple[str, ...]
    """Distributions among them; what they require has to be on the nodes."""

    wheel: str
    """File name of this package's wheel."""

    notices: tuple[str, ...]
    """What could not be sent, and why."""

    def runtime_env(self, variables: Mapping[str, str]) -> dict[str, Any]:
        """Return the runtime environment of a job with these variables."""
        return {**self.packages, "env_vars": dict(variables)}


def upload_code(jobs: Jobs, command: ShippedCommand) -> Code:
    """Upload what the cluster needs to run a command, as far as it is not there yet."""
    own = own_wheel()
    plugins, notices = plugin_wheels()
    wheels = (own, *plugins)
    modules = [upload(jobs.address, wheel.package_name, wheel.content) for wheel in wheels]
    # Never without: Ray would give workers the folder where it was started, a checkout perhaps.
    files = zipped({"command.txt": shlex.join(command.arguments).encode(), **command.files})
    name = f"amx-files-{hashlib.sha256(files).hexdigest()[:12]}.zip"
    packages = {"py_modules": modules, "working_dir": upload(jobs.address, name, files)}
    return Code(packages, tuple(wheel.project for wheel in wheels), own.file_name, tuple(notices))
