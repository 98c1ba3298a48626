import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from audiomotion.cli.option_groups import with_option_groups


@dataclass(frozen=True)
class Group:
    depth: Annotated[int, typer.Option("--depth")] = 3
    names: Annotated[list[str] | None, typer.Option("--name")] = None


SEEN: list[object] = []


@with_option_groups
def command(
    what: Annotated[str, typer.Argument()],
    group: Group = Group(),
    loud: Annotated[bool, typer.Option("--loud")] = False,
) -> None:
    """Do it."""
    SEEN[:] = [what, group, loud]


def run(*args: str) -> list[object]:
    app = typer.Typer()
    app.command()(command)
    app(list(args), standalone_mode=False)
    return SEEN


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["x"], ["x", Group(), False]),
        (["x", "--depth", "5", "--loud"], ["x", Group(5), True]),
        (["x", "--name", "a", "--name", "b"], ["x", Group(3, ["a", "b"]), False]),
    ],
)
def test_fields_are_options(args: list[str], expected: list[object]) -> None:
    assert run(*args) == expected


def test_types_are_checked_as_those_of_other_options() -> None:
    with pytest.raises(typer.BadParameter.__mro__[1], match="valid integer"):
        run("x", "--depth", "deep")


def test_options_stand_where_the_group_stood() -> None:
    assert list(inspect.signature(command).parameters) == ["what", "depth", "names", "loud"]
    assert command.__doc__ == "Do it."
