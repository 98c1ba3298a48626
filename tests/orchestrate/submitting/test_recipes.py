from pathlib import Path

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.submitting.recipes import ShippedCommand, shipped_command

SEED = "name: mine\nextends: {}\nseed: 3\n"


def unpacked(command: ShippedCommand, folder: Path) -> Path:
    for name, content in command.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_what_says_where_things_are_here_is_left_out() -> None:
    arguments = ["train", "demo", "--store", "here", "--address=http://x", "--data-root", "/d"]
    assert shipped_command(arguments, None) == ShippedCommand(("train", "demo"), {})


def test_other_arguments_stay_as_they_are() -> None:
    arguments = ["-v", "ablate", "compressor", "--set", "seed=1", "--seeds", "3", "--json"]
    assert shipped_command(arguments, None).arguments == tuple(arguments)


@pytest.mark.parametrize("form", ["{}", "--dataset={}"])
def test_a_recipe_given_by_path_travels_with_what_it_extends(
    form: str, tmp_path, monkeypatch
) -> None:
    (tmp_path / "base.yaml").write_text("extends: demo\nmasked: {dropout: 0.3}\n")
    mine = tmp_path / "mine.yaml"
    mine.write_text(SEED.format("base.yaml"))
    command = shipped_command(["train", form.format(mine)], None)
    assert command.arguments == ("train", form.format("given/0/mine.yaml"))
    monkeypatch.chdir(unpacked(command, tmp_path / "job"))
    (there,) = resolve("given/0/mine.yaml")
    (here,) = resolve(str(mine))
    assert there.experiment == here.experiment
    assert (there.experiment.seed, there.experiment.masked.dropout) == (3, 0.3)


def test_two_files_of_one_name_stay_two(tmp_path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.yaml").write_text(f"name: {folder}\n")
    command = shipped_command([str(tmp_path / "a/x.yaml"), str(tmp_path / "b/x.yaml")], None)
    assert command.arguments == ("given/0/x.yaml", "given/1/x.yaml")
    assert command.files["given/1/x.yaml"] == b"name: b\n"


def test_a_folder_of_recipes_travels_and_an_unused_broken_one_stops_nothing(
    tmp_path, monkeypatch
) -> None:
    own = tmp_path / "own"
    (own / "experiments").mkdir(parents=True)
    (own / "experiments" / "mine.yaml").write_text(SEED.format("other"))
    (own / "experiments" / "other.yaml").write_text("extends: demo\n")
    (own / "experiments" / "broken.yaml").write_text("extends: nothing\n")
    command = shipped_command(["train", "mine", "--recipes", str(own)], own)
    assert command.arguments == ("train", "mine", "--recipes", "recipes")
    monkeypatch.chdir(unpacked(command, tmp_path / "job"))
    (there,) = resolve("mine", recipes_dir=Path("recipes"))
    assert there.experiment.seed == 3
    assert command.files["recipes/experiments/broken.yaml"] == b"extends: nothing\n"


def test_a_recipe_that_cannot_be_read_is_a_mistake(tmp_path) -> None:
    (tmp_path / "bad.yaml").write_text("extends: nowhere\n")
    with pytest.raises(ConfigError, match="nowhere"):
        shipped_command(["train", str(tmp_path / "bad.yaml")], None)
