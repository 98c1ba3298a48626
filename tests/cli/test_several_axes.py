"""Two axes on a store in which everything but the evaluations is there."""

import json
from pathlib import Path

import pytest

from tests.cli.command_line import TINY, Ended, amx

AXES = {
    "guidance": "baseline: c4\nquestion: How much guidance?\narms:\n"
    "  c1: {generation: {masked: {guidance_scale: 1.0}}}\n"
    "  c4: {generation: {masked: {guidance_scale: 4.0}}}\n",
    "temperature": "baseline: warm\nquestion: How warm?\narms:\n"
    "  warm: {generation: {residual: {temperature: 1.0}}}\n"
    "  cold: {generation: {residual: {temperature: 0.5}}}\n",
}


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    (tmp_path / "ablations").mkdir()
    for name, text in AXES.items():
        (tmp_path / "ablations" / f"{name}.yaml").write_text(text)
    return tmp_path


def ablate(store: Path, recipes: Path, *args: str) -> Ended:
    command = ("ablate", "guidance", "temperature", "--recipes", recipes, "--dataset", TINY)
    return amx(*command, "--store", store, "--executor", "local", "--json", *args)


def test_one_axis_at_a_time_and_then_all_combinations(store: Path, recipes: Path) -> None:
    first = ablate(store, recipes, "--one-at-a-time")
    assert first.code == 0, first.err
    table = json.loads(first.out)
    assert table["title"] == "guidance+temperature"
    assert table["columns"]["arm"][2:] == ["c4+warm", "c1+warm", "c4+cold"]
    assert "One axis at a time: arms differ in one from c4+warm." in table["notes"]
    every = ablate(store, recipes)
    assert every.code == 0, every.err
    assert "4 arms" in every.err and " 1 to run;" in every.err
    table = json.loads(every.out)
    assert table["columns"]["arm"][2:] == ["c1+warm", "c1+cold", "c4+warm", "c4+cold"]
    assert "Arms are combinations of guidance and temperature." in table["notes"]

    runs = json.loads(amx("runs", "list", "--store", store, "--json").out)
    crossed = next(run for run in runs if len(run["arms"]) == 4)
    assert [one["question"] for one in crossed["axis"]["axes"]] == [
        "How much guidance?",
        "How warm?",
    ]
    shown = amx("runs", "show", crossed["id"], "--store", store)
    assert shown.code == 0 and "c1+cold seed 0: done" in shown.out
