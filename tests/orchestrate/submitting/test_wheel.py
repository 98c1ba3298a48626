import io
import os
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from audiomotion.errors import ConfigError
from audiomotion.orchestrate.submitting.plugins import plugin_wheels
from audiomotion.orchestrate.submitting.wheel import (
    Wheel,
    own_wheel,
    repacked,
    wheel_of_checkout,
    zipped,
)

CHECKOUT = Path(__file__).parents[3]
EXAMPLE = CHECKOUT / "docs" / "example-package"


def members(wheel: Wheel) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def unpack(wheel: Wheel, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        archive.extractall(folder)
    return folder


def distribution_in(folder: Path) -> PathDistribution:
    (info,) = folder.glob("*.dist-info")
    return PathDistribution(info)


@pytest.fixture(scope="module")
def checkout_wheel() -> Wheel:
    return own_wheel()


def test_the_same_code_gives_the_same_bytes_and_name(checkout_wheel, tmp_path) -> None:
    again = wheel_of_checkout(CHECKOUT)
    assert again == checkout_wheel
    assert checkout_wheel.file_name == f"audiomotion-0.1.0-0h{again.digest}-py3-none-any.whl"


def test_a_changed_line_gives_another_name() -> None:
    one, other = (Wheel("a-b", "1.0", zipped({"a.py": line})) for line in (b"1", b"2"))
    assert one.file_name != other.file_name
    assert one.file_name.startswith("a_b-1.0-0h")
    assert one.package_name == one.file_name.replace(".whl", ".zip")


def test_it_holds_what_the_build_tool_packs(checkout_wheel, tmp_path) -> None:
    build = "from hatchling.build import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=CHECKOUT, check=True)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        built = {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }
    ours = {
        name: content
        for name, content in members(checkout_wheel).items()
        if ".dist-info/" not in name
    }
    assert ours == built


def test_an_installed_package_is_repacked_whole(checkout_wheel, tmp_path) -> None:
    place = tmp_path / "site"
    path = tmp_path / checkout_wheel.file_name
    path.write_bytes(checkout_wheel.content)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(place), str(path)], check=True)
    program = (
        "from importlib.metadata import distribution; import sys\n"
        "from audiomotion.orchestrate.submitting.wheel import own_wheel, repacked\n"
        "sys.stdout.buffer.write(own_wheel().content)"
    )
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=tmp_path, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    again = members(Wheel("audiomotion", "0.1.0", done.stdout))
    assert again == members(checkout_wheel)


def test_its_metadata_is_found_where_it_is_unpacked(checkout_wheel, tmp_path) -> None:
    found = distribution_in(unpack(checkout_wheel, tmp_path))
    assert (found.name, found.version) == ("audiomotion", "0.1.0")
    assert any(needed.startswith("torch") for needed in found.requires or ())
    assert [entry.name for entry in found.entry_points] == ["amx"]


def example_in(folder: Path, *options: str) -> PathDistribution:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    target = ["--no-build-isolation", "--target", str(folder), *options]
    subprocess.run([*pip, *target, str(EXAMPLE)], check=True)
    return distribution_in(folder)


def test_a_plugin_travels_with_its_entry_points(tmp_path, monkeypatch) -> None:
    example_in(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (wheel,), notices = plugin_wheels()
    assert (wheel.project, notices) == ("amx-example", [])
    found = distribution_in(unpack(wheel, tmp_path / "unpacked"))
    assert {entry.group for entry in found.entry_points} == {
        "audiomotion.compressors",
        "audiomotion.extractors",
    }
    assert (tmp_path / "unpacked" / "amx_example" / "gru.py").is_file()


def test_a_plugin_that_is_being_written_travels_as_it_is(tmp_path, monkeypatch) -> None:
    source, site = tmp_path / "source", tmp_path / "site"
    (source / "mine").mkdir(parents=True)
    (source / "mine" / "__init__.py").write_text("x = 1\n")
    info = site / "mine-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[audiomotion.extractors]\nmine = mine:Config\n")
    (info / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///x"}')
    (info / "RECORD").write_text("mine.pth,,\nmine-1.0.dist-info/METADATA,,\n")
    (site / "mine.pth").write_text(str(source))
    monkeypatch.syspath_prepend(str(source))
    wheel = repacked(PathDistribution(info))
    assert members(wheel)["mine/__init__.py"] == b"x = 1\n"


def test_compiled_code_does_not_travel(tmp_path) -> None:
    info = tmp_path / "fast-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fast\nVersion: 1.0\n")
    (info / "RECORD").write_text("fast/core.so,,\nfast-1.0.dist-info/METADATA,,\n")
    (tmp_path / "fast").mkdir()
    (tmp_path / "fast" / "core.so").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"fast holds compiled code .*install it on the nodes"):
        repacked(PathDistribution(info))
