"""What one node of a cluster is like; read in a process on that node."""

import base64
import os
import platform
import runpy
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from packaging.requirements import Requirement

from audiomotion.orchestrate.submitting.shared_store import free_gigabytes, mark_store

_SECONDS_FOR_A_PROGRAM: Final = 60
_SECONDS_FOR_THE_TRACKER: Final = 5
_SEES_A_GPU: Final = "import torch; print(torch.cuda.is_available())"


@dataclass(frozen=True)
class Questions:
    """What is asked of every node."""

    nonce: str
    """Names the files of this check in the store."""

    store: str
    """Where artifacts go; empty where that is not asked."""

    data_folders: tuple[str, ...] = ()
    """Folders of raw data that the stages read."""

    weights: tuple[str, ...] = ()
    """Hub ids and folders of frozen weights."""

    packages: tuple[str, ...] = ("audiomotion",)
    """Distributions that travel with the job; what they require must be on the nodes."""

    witness: str = ""
    """A file that the asking machine wrote into the store; empty where it wrote none."""


@dataclass(frozen=True)
class NodeFacts:
    """What a node answers."""

    node: str
    """Address and host name."""

    host: str = ""
    """Host name: several nodes may be one machine."""

    python: str = ""
    platform: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    """Of the required packages that are there."""

    unmet: tuple[str, ...] = ()
    """Requirements that are not met."""

    cuda: str = ""
    """CUDA version that torch was built for; empty for a CPU build."""

    gpus: tuple[str, ...] = ()
    """Name and driver of each."""

    torch_sees_gpu: bool | None = None
    """None where Ray has no GPU here."""

    free_gigabytes: float = 0.0
    """Where the store is; for a URL, of the temporary folder."""

    store_problem: str = ""
    tracker: str = ""
    """Where figures go from here; empty where nothing says."""

    tracker_problem: str = ""
    missing_folders: tuple[str, ...] = ()
    missing_weights: tuple[str, ...] = ()


def node_facts(name: str, num_gpus: float, questions: Questions) -> NodeFacts:
    """Return what this node is like, and leave its mark in the store."""
    versions, unmet = _packages(questions.packages)
    tracker = os.environ.get("MLFLOW_TRACKING_URI", "")
    return NodeFacts(
        node=f"{name} ({socket.gethostname()})",
        host=socket.gethostname(),
        python=platform.python_version(),
        platform=platform.platform(),
        versions=versions,
        unmet=unmet,
        cuda=torch_cuda(),
        gpus=gpu_names(),
        torch_sees_gpu=_torch_sees_gpu() if num_gpus > 0 else None,
        store_problem=mark_store(questions.store, questions.nonce, name),
        free_gigabytes=free_gigabytes(questions.store),
        tracker=without_password(tracker),
        tracker_problem=tracker_problem(tracker),
        missing_folders=tuple(
            folder for folder in questions.data_folders if not Path(folder).is_dir()
        ),
        missing_weights=tuple(name for name in questions.weights if not _has_weights(name)),
    )


def _packages(names: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    versions, unmet = {}, []
    needed = [Requirement(text) for name in names for text in requires(name) or ()]
    for requirement in needed:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            versions[requirement.name] = version(requirement.name)
        except PackageNotFoundError:
            unmet.append(f"{requirement.name} is not installed ({requirement})")
        else:
            if not requirement.specifier.contains(versions[requirement.name], prereleases=True):
                unmet.append(f"{requirement.name} {versions[requirement.name]}, not {requirement}")
    return versions, tuple(unmet)


def torch_cuda() -> str:
    """Return the CUDA version of torch's build, without the seconds that importing torch takes."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return ""
    path = Path(spec.origin).with_name("version.py")
    return str(runpy.run_path(str(path)).get("cuda") or "") if path.is_file() else ""


def gpu_names() -> tuple[str, ...]:
    """Return name and driver version of the GPUs, as NVIDIA's own tool lists them."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    listed = subprocess.run(
        query, capture_output=True, text=True, timeout=_SECONDS_FOR_A_PROGRAM, check=False
    )
    return tuple(listed.stdout.strip().splitlines()) if listed.returncode == 0 else ()


def _torch_sees_gpu() -> bool:
    environment = {
        name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"
    }
    seen = subprocess.run(
        [sys.executable, "-c", _SEES_A_GPU],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS_FOR_A_PROGRAM,
        check=False,
    )
    return seen.stdout.strip() == "True"


def without_password(uri: str) -> str:
    """Return a URI as it may be shown."""
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def tracker_problem(uri: str) -> str:
    """Return why figures cannot go to a tracking server from here; empty where they can."""
    if urlsplit(uri).password:
        return (
            "MLFLOW_TRACKING_URI holds a password, which records and messages would show; set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead"
        )
    if urlsplit(uri).scheme not in ("http", "https"):
        return ""
    # Not its page of health, which says nothing of a refused host name or a password.
    url = f"{uri.rstrip('/')}/api/2.0/mlflow/experiments/search?max_results=1"
    request = urllib.request.Request(url, headers=_tracker_login())
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS_FOR_THE_TRACKER):
            return ""
    except urllib.error.HTTPError as error:
        return f"MLflow at {uri} answers {error.code}{_tracker_advice(error.code)}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return f"MLflow at {uri} does not answer ({reason}); start it where all nodes reach it"


def _tracker_login() -> dict[str, str]:
    """Return what MLflow's client sends from here to be let in."""
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    user, password = (
        os.environ.get(f"MLFLOW_TRACKING_{part}", "") for part in ("USERNAME", "PASSWORD")
    )
    if not user:
        return {}
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def _tracker_advice(status: int) -> str:
    if status in (401, 403):
        return (
            "; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD on the nodes, or allow "
            "its host name (mlflow server --allowed-hosts)"
        )
    return ""


def is_hub_id(name: str) -> bool:
    """Return whether weights are named by hub id, which can be fetched; otherwise by folder."""
    return not name.startswith((".", "/", "~")) and name.count("/") == 1


def _has_weights(name: str) -> bool:
    """Return whether weights are in a folder, or in the hub's cache, of this node."""
    if Path(name).expanduser().is_dir():
        return True
    if not is_hub_id(name):
        return False
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, "config.json"), str)
