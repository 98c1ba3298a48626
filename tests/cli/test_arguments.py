"""Whatever is wrong with what was typed is said in a line a problem, and ends with 2."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audiomotion.config.axis import load_axis
from audiomotion.config.recipes import list_recipes
from tests.cli.command_line import TINY, amx

ABLATE = ("ablate", "feature-extractor", "--dry-run")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ablate feature-extractr", ["'feature-extractr'", "did you mean 'feature-extractor'?"]),
        ("ablate feature-extractor --arms wavml", ["'wavml'", "did you mean 'wavlm'?"]),
        ("ablate feature-extractor --dataset dmo", ["'dmo'", "did you mean 'demo'?"]),
        ("ablate", ["no axis is named", "compressor, condition,"]),
        ("ablate compressor --axis compressor", ["axis 'compressor' is named twice"]),
        ("ablate compressor memory-size --arms conv1d,tokens-64", ["--one-at-a-time"]),
        ("train dmo", ["'dmo'", "bandai, demo, folder, humanml3d, kit", "did you mean 'demo'?"]),
        ("train nowhere/mine.yaml", ["'nowhere/mine.yaml'", "path of a YAML file"]),
        ("config demoo", ["did you mean 'demo'?"]),
        ("train demo --set masked.num_layer=2", ["num_layer", "did you mean 'num_layers'?"]),
        ("train demo --set masked.num_layers=two", ["'two' is a string", "an integer belongs"]),
        ("train demo --set masked.num_layers", ["not KEY=VALUE"]),
        ("train demo --set seed=1 --seeds 2", ["seed=1", "--seeds"]),
        ("train demo --recipes nowhere", ["--recipes nowhere: no such folder"]),
        ("train demo --seeds 0", ["'--seeds'", "greater than or equal to 1", "amx train --help"]),
        ("train demo --executor slurm", ["'slurm'", "'local', 'ray'"]),
        ("train", ["missing argument", "amx train --help"]),
        ("train demo --bogus", ["--bogus"]),
        ("ablat", ["'ablat'", "Did you mean 'ablate'", "amx --help"]),
        ("list extractor", ["'extractor'", "'extractors'"]),
        ("runs show nothing", ["'nothing'", "no launches"]),
        ("artifacts show 0", ["'0'", "amx artifacts list"]),
        ("ui", ["no tracked launch", "--store"]),
        ("ui --port 99999", ["'--port'"]),
        ("data build kit --source .", ["'kit'", "bandai and own can"]),
        ("data build bandai --source .", ["--data-root", "AMX_DATA_ROOT"]),
    ],
)
def test_one_line_says_what_is_wrong(command: str, words: list[str], tmp_path: Path) -> None:
    args = command.split()
    ended = amx(*args, *(["--dry-run"] if args[0] in ("ablate", "train") else []))
    assert (ended.code, ended.out) == (2, "")
    for word in words:
        assert word in ended.problem
    assert list(tmp_path.iterdir()) == []


def test_all_problems_of_a_recipe_at_once(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(
        "extends: demo\nname: 5\nmasked: {num_layers: two, num_hedas: 3}\n"
        "rvq: [1]\nextractor: {name: wavml}\n"
    )
    ended = amx("train", "mine.yaml", "--dry-run")
    assert ended.code == 2
    problems = sorted(ended.problems)
    assert len(problems) == 5
    assert problems[0].startswith("mine.yaml:2 name: 5 is an integer where a string belongs")
    assert "num_layers: 'two' is a string where an integer belongs" in problems[2]
    assert "num_hedas: unknown key" in problems[1] and "'num_heads'?" in problems[1]
    assert problems[3] == "mine.yaml:4 rvq: [1] is a list where a mapping belongs"
    assert "did you mean 'wavlm'?" in problems[4]


def test_a_number_where_a_string_belongs(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: demo\nextractor: {name: wavlm, weights: 7}\n")
    ended = amx("train", "mine.yaml", "--dry-run")
    assert ended.code == 2
    assert ended.problem.startswith("mine.yaml:2 ")
    assert "weights: 7 is an integer where a string belongs" in ended.problem


def test_a_repeated_key(tmp_path: Path) -> None:
    text = "extends: demo\nmasked:\n  num_layers: 2\n  num_layers: 3\n"
    (tmp_path / "mine.yaml").write_text(text)
    ended = amx("train", "mine.yaml", "--dry-run")
    assert ended.code == 2
    assert ended.problem == "mine.yaml:4 masked.num_layers: repeated key; first given on line 3"


def test_an_axis_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "ablations").mkdir()
    axis = tmp_path / "ablations" / "bands.yaml"
    axis.write_text(
        "question: How many bands?\nbaseline: few\narms:\n"
        "  few: {extractor: {name: log-mel, num_mels: 20}}\n"
        "  many: {extractor: {name: log-mel, num_mels: 80}}\n"
    )
    for command in (["ablate", "bands", "--recipes", "."], ["ablate", "ablations/bands.yaml"]):
        ended = amx(*command, "--dataset", TINY, "--dry-run", "--json")
        assert ended.code == 0
        arms = {arm for stage in json.loads(ended.out)["stages"] for arm in stage["arms"]}
        assert arms == {"few", "many"}


def test_a_row_that_the_paper_has_not_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "question: Which?\nbaseline: wavlm\narms: {wavlm: {}}\n"
        "published: {table: 5, dataset: kit, variant: original, rows: {wavlm: wavml}}\n"
    )
    ended = amx("ablate", "mine.yaml", "--dry-run")
    assert ended.code == 2
    assert "published.rows.wavlm: 'wavml'" in ended.problem
    assert "did you mean 'wavlm'?" in ended.problem


def test_help_where_nothing_is_asked() -> None:
    ended = amx()
    assert ended.code == 2
    assert "Usage: amx" in ended.err and "ablate" in ended.err
    assert amx("--help").code == 0


def test_quiet_and_verbose_stand_anywhere() -> None:
    assert "using demo" in amx(*ABLATE).err
    assert amx(*ABLATE, "-q").err == amx("-q", *ABLATE).err == ""
    assert amx(*ABLATE, "--verbose").code == 0


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    ended = amx("train", TINY, "--executor", "local", "--store", "/proc/nowhere/store")
    assert ended.code == 3
    assert "/proc/nowhere" in ended.problem


def test_a_reader_that_has_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    program = "from audiomotion.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "list"], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    "command",
    [
        "list --json",
        "config --json",
        "train demo --dry-run --json",
        "ablate feature-extractor --dry-run --json",
        "runs list --json",
        "artifacts list --json",
    ],
)
def test_json_is_json_and_nothing_else(command: str) -> None:
    ended = amx(*command.split())
    assert ended.code == 0
    json.loads(ended.out)


def test_a_plan_says_what_arms_share() -> None:
    stages = json.loads(amx(*ABLATE, "--json").out)["stages"]
    arms = {name: [stage["arms"] for stage in stages if stage["stage"] == name] for name in
            ("rvq", "masked", "reference")}  # fmt: skip
    everyone = ["encodec", "imagebind", "log-mel", "wavlm"]
    assert arms == {"rvq": [everyone], "masked": [[arm] for arm in
                    ("wavlm", "encodec", "imagebind", "log-mel")], "reference": [[]]}  # fmt: skip
    assert {stage["status"] for stage in stages} == {"run"}
    assert "4 arms, 21 stages instead of 33, 21 to run" in amx(*ABLATE).out


@pytest.mark.parametrize("dataset", ["demo", "bandai", "kit", "humanml3d"])
@pytest.mark.parametrize("axis", list_recipes("ablations"))
def test_every_axis_has_a_plan_on_every_data_set(axis: str, dataset: str) -> None:
    ended = amx("ablate", axis, "--dataset", dataset, "--dry-run", "--json")
    assert ended.code == 0, ended.err
    stages = json.loads(ended.out)["stages"]
    arms = list(load_axis(axis).config.arms)
    evaluated = [stage["arms"] for stage in stages if stage["stage"] == "evaluation"]
    assert evaluated == [[arm] for arm in arms]


def test_a_cross_product_and_one_axis_at_a_time() -> None:
    both = ("ablate", "compressor", "--axis", "feature-extractor", "--dry-run")
    assert amx(*both[:2], *both[3:]).out == amx(*both).out
    assert "compressor+feature-extractor on demo: 24 arms," in amx(*both).out
    assert "compressor+feature-extractor on demo: 9 arms," in amx(*both, "--one-at-a-time").out


def test_arms_that_are_one_system_are_said_before_they_run() -> None:
    ended = amx("ablate", "condition", "feature-extractor", "--arms", "wavlm,encodec", "--dry-run")
    assert "One and the same system, measured once: text+wavlm, text+encodec.\n" in ended.err
    assert "One and the same" not in amx(*ABLATE).err


def test_axes_are_listed_with_what_they_ask() -> None:
    axes = json.loads(amx("list", "axes", "--json").out)["axes"]
    assert axes["condition"] == {
        "question": "How much is lost when an instruction is heard instead of read?",
        "dataset": "demo",
        "published": {
            "table": 3, "dataset": "humanml3d", "variant": "original",
            "rows": {"text": "MoMask", "audio": "ours"}, "others": True,
        },
        "baseline": "audio",
        "arms": ["text", "audio"],
    }  # fmt: skip
    lines = amx("list", "axes").out.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("  condition "))
    assert lines[place + 1].strip() == "arms: text, audio; baseline: audio"
    assert lines[place + 2].strip() == "published: table 3, humanml3d, tested on original captions"
    (line,) = [line for line in amx("list").out.splitlines() if line.startswith("  condition ")]
    assert line.endswith("heard instead of read? (text, audio)")


def test_values_are_shown_as_a_recipe_gives_them() -> None:
    ended = amx("config", "demo", "--set", "masked.training.lr_milestones=[5, 7]")
    (line,) = (line for line in ended.out.splitlines() if "masked.training.lr_milestones" in line)
    assert "[5, 7]" in line and "--set" in line
    assert "rescaled to [this, 1]" in ended.out
