"""Parts of other packages: what an entry point adds, and what is said of one that is broken."""

import os
import subprocess
import sys
from typing import Literal

import pytest

from audiomotion.config.schema import Family, PartSchema, load_implementation
from audiomotion.errors import ConfigError
from tests.cli.command_line import REPOSITORY, run

GROUP = "audiomotion.compressors"
IMPORTS = """\
from typing import Literal
from audiomotion.config.compressors import CompressorSchema
"""
PART = """
class Part(CompressorSchema):
    '''Something of one's own.'''

    implementation = "theirs.work:Work"
    name: Literal["theirs"] = "theirs"
"""


class Base(PartSchema):
    pass


class Own(Base):
    implementation = "audiomotion.nowhere:Own"
    name: Literal["own"] = "own"


OWN = """
from typing import Literal
from tests.config.test_families import Base

class Part(Base):
    implementation = "theirs:Work"
    name: Literal["theirs"] = "theirs"
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package with one entry point where Python finds it."""

    def install_package(module, code, target="Part", group="audiomotion.testing"):
        (tmp_path / f"{module}.py").write_text(code)
        facts = tmp_path / f"{module}_package-1.2.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}-package\nVersion: 1.2\n"
        )
        (facts / "entry_points.txt").write_text(f"[{group}]\n{module} = {module}:{target}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        return str(tmp_path)

    yield install_package
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def family():
    return Family("audiomotion.testing", Base, Own)


def test_an_entry_point_adds_a_member(install):
    assert list(family().schemas) == ["own"]
    install("one", OWN)
    assert list(family().schemas) == ["own", "theirs"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'; correct"),
        ("Part = 1 / 0", "ZeroDivisionError: division by zero; correct"),
        ("class Port: pass", "AttributeError: module 'one' has no attribute 'Part'; correct"),
        ("Part = 5", "5 is no schema; derive a class from tests.config.test_families.Base"),
        ("class Part: pass", "is no schema; derive a class from"),
        (OWN.replace('= "theirs"\n', "\n"), "Part has no name to select it with; give it one"),
        (OWN.replace('Literal["theirs"]', "str"), "Part has no name to select it with"),
        (OWN.replace('Literal["theirs"]', 'Literal["a", "theirs"]'), "Part has no name to select"),
        (
            OWN.replace('implementation = "theirs:Work"', ""),
            "Part names no class that does the work; set",
        ),
        (OWN.replace("theirs:Work", "Work"), "Part names no class that does the work; set"),
        (OWN.replace('"theirs"', '"own"'), "'own' is a part of audiomotion itself; give yours"),
    ],
)
def test_a_broken_one_is_one_line_that_names_the_package(install, code, problem):
    install("one", code)
    with pytest.raises(ConfigError) as caught:
        _ = family().schemas
    (said,) = caught.value.problems
    assert "\n" not in said
    place = "package one-package 1.2: entry point 'one = one:Part' of audiomotion.testing: "
    assert said.startswith(place)
    assert problem in said
    assert said.endswith(", or uninstall it")


def test_all_that_are_broken_are_named_at_once_and_equal_names_too(install):
    for module, code in (("a", OWN), ("b", OWN), ("c", "import no_such_module")):
        install(module, code)
    with pytest.raises(ConfigError) as caught:
        _ = family().schemas
    second, third = caught.value.problems
    assert second.startswith("package b-package 1.2: ")
    assert "'theirs' is a part of package a-package 1.2; give yours another name" in second
    assert third.startswith("package c-package 1.2: ")


def test_an_implementation_that_is_not_there_is_said():
    for implementation, words in (
        ("audiomotion.nowhere:Own", "No module named 'audiomotion.nowhere'"),
        ("audiomotion.errors:Own", "has no attribute 'Own'"),
    ):
        config = type("Part", (Own,), {"implementation": implementation, "__module__": "x"})()
        with pytest.raises(ConfigError) as caught:
            load_implementation(config)
        assert words in str(caught.value) and f"'own': its implementation '{implementation}'" in (
            str(caught.value)
        )


def test_the_command_says_so_in_a_line(install):
    folder = install("broken", IMPORTS + "import no_such_module" + PART, group=GROUP)
    ended = run("list", PYTHONPATH=os.pathsep.join([str(REPOSITORY), folder]))
    assert (ended.code, ended.out) == (2, "")
    assert ended.problem.startswith("package broken-package 1.2: entry point 'broken = ")
    assert "No module named 'no_such_module'" in ended.problem


@pytest.mark.parametrize("first", ["theirs", "audiomotion.config.compressors", "audiomotion"])
def test_it_does_not_matter_what_is_imported_first(install, first):
    """A schema's module imports the family's, which must not ask for the schema before it is."""
    folder = install("theirs", IMPORTS + PART, group=GROUP)
    program = (
        f"import {first}, theirs; from audiomotion.config.experiment import Experiment; "
        "from audiomotion.config.compressors import COMPRESSORS, CompressorConfig; "
        "assert COMPRESSORS.schemas['theirs'] is theirs.Part; "
        "assert 'Part' in str(CompressorConfig)"
    )
    path = os.pathsep.join([str(REPOSITORY), folder])
    subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, check=True
    )
