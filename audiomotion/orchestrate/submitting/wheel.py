"""A wheel of this package as it runs here: from the checkout, or repacked from the installation.

The same files give the same bytes, so the same code has the same name on the cluster. No build tool
is needed, since the package is Python only.
"""

import base64
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, Final

import audiomotion
from audiomotion.errors import ConfigError

_FIRST_DATE: Final = (1980, 1, 1, 0, 0, 0)  # of the zip format
_TAG: Final = "py3-none-any"
_NOT_PACKED: Final = frozenset(("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"))
_COMPILED: Final = (".so", ".pyd", ".dylib")
_WHEEL: Final = f"Wheel-Version: 1.0\nGenerator: amx\nRoot-Is-Purelib: true\nTag: {_TAG}\n"


@dataclass(frozen=True)
class Wheel:
    """A wheel, named by project, version and content."""

    project: str
    version: str
    content: bytes

    @property
    def digest(self) -> str:
        """Beginning of the hash of its bytes."""
        return hashlib.sha256(self.content).hexdigest()[:12]

    @property
    def file_name(self) -> str:
        """Name as a wheel; the hash is the build number, which must begin with a digit."""
        project = self.project.replace("-", "_")
        return f"{project}-{self.version}-0h{self.digest}-{_TAG}.whl"

    @property
    def package_name(self) -> str:
        """Name that Ray unpacks it by, which is all that a wheel of Python files needs.

        Under the name of a wheel Ray gives it to the `pip` of the nodes' path, which need not be
        there, is no part of Ray's environment, and would fetch torch and all else again.
        """
        return f"{self.file_name.removesuffix('.whl')}.zip"


def own_wheel() -> Wheel:
    """Return the wheel of this package.

    Raises:
        ConfigError: It is neither a checkout nor an installed distribution.
    """
    root = Path(audiomotion.__file__).resolve().parent.parent
    project = _project(root / "pyproject.toml")
    if project.get("name") == "audiomotion":
        return wheel_of_checkout(root)
    return repacked(distribution("audiomotion"))


def wheel_of_checkout(root: Path) -> Wheel:
    """Return the wheel of a checkout: its package, the recipes, and what pyproject.toml says."""
    content = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    project, wheel = content["project"], content["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {name: name for name in wheel["packages"]} | wheel["force-include"]
    files = {
        f"{target}/{path.relative_to(root / source).as_posix()}": path.read_bytes()
        for source, target in places.items()
        for path in (root / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = {"METADATA": _metadata(project), "entry_points.txt": _entry_points(project)}
    return _packed(project["name"], project["version"], files, info)


def repacked(dist: Distribution) -> Wheel:
    """Return the wheel that an installed distribution came from; an editable one from its source.

    Raises:
        ConfigError: It holds compiled code, which fits this machine only.
    """
    paths = [path for path in dist.files or () if _is_content(path)]
    info_folder = next((path.parts[0] for path in paths if path.name == "METADATA"), "")
    files = {
        path.as_posix(): Path(str(dist.locate_file(path))).read_bytes()
        for path in paths
        if path.parts[0] != info_folder and path.suffix != ".pth"
    }
    files |= _editable_files(dist)
    if compiled := sorted(name for name in files if name.endswith(_COMPILED)):
        raise ConfigError(
            f"package {dist.name} holds compiled code ({compiled[0]}), which cannot be sent to "
            "other machines; install it on the nodes"
        )
    info = {name: dist.read_text(name) or "" for name in ("METADATA", "entry_points.txt")}
    return _packed(dist.name, dist.version, files, info)


def _is_content(path: PurePosixPath) -> bool:
    inside = path.parts and path.parts[0] != ".." and not path.is_absolute()
    return bool(inside) and "__pycache__" not in path.parts and path.name not in _NOT_PACKED


def _editable_files(dist: Distribution) -> dict[str, bytes]:
    """Return the packages of a distribution whose files lie elsewhere, as its entry points say."""
    if '"editable": true' not in (dist.read_text("direct_url.json") or ""):
        return {}
    names = {entry.value.partition(":")[0].partition(".")[0] for entry in dist.entry_points}
    files = {}
    for name in sorted(names):
        spec = find_spec(name)
        for place in (spec and spec.submodule_search_locations) or ():
            for path in Path(place).rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    files[f"{name}/{path.relative_to(place).as_posix()}"] = path.read_bytes()
    return files


def _project(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    project: dict[str, Any] = tomllib.loads(path.read_text("utf-8")).get("project", {})
    return project


def _metadata(project: Mapping[str, Any]) -> str:
    """Return what installers and `importlib.metadata` read; extras are not installed by a job."""
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {needed}" for needed in project["dependencies"]),
    ]
    return "\n".join(lines) + "\n"


def _entry_points(project: Mapping[str, Any]) -> str:
    lines = ["[console_scripts]"]
    lines += [f"{name} = {target}" for name, target in project["scripts"].items()]
    for group, entries in project.get("entry-points", {}).items():
        lines += ["", f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())]
    return "\n".join(lines) + "\n"


def _packed(
    project: str, version: str, files: Mapping[str, bytes], info: Mapping[str, str]
) -> Wheel:
    folder = f"{project.replace('-', '_')}-{version}.dist-info"
    described = {f"{folder}/{name}": text.encode() for name, text in info.items() if text}
    described[f"{folder}/WHEEL"] = _WHEEL.encode()
    members = {**files, **described}
    members[f"{folder}/RECORD"] = _record(members.items(), f"{folder}/RECORD").encode()
    return Wheel(project, version, zipped(members))


def _record(members: Iterable[tuple[str, bytes]], itself: str) -> str:
    lines = []
    for name, content in sorted(members):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{itself},,"]) + "\n"


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of files by name; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(members.items()):
            entry = zipfile.ZipInfo(name, _FIRST_DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
