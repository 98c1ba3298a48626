"""Find recipe files, and read the ones that extend others.

A name is looked up as: an existing path, then `--recipes DIR`, then the recipes of the package.
"""

from collections.abc import Iterator
from functools import reduce
from importlib.resources import files
from pathlib import Path
from typing import Literal

from audiomotion.config.given import Given, Origin
from audiomotion.config.nearest import not_one_of
from audiomotion.config.overrides import merge
from audiomotion.config.yaml_file import display_path, kind_of, read_yaml
from audiomotion.errors import ConfigError

RecipeKind = Literal["experiments", "ablations", "tune"]
_PLURAL: dict[RecipeKind, str] = {
    "experiments": "experiments",
    "ablations": "axes",
    "tune": "searches",
}


def shipped_folder(kind: RecipeKind) -> Path:
    """Return the folder of the package's own recipes: in the wheel, or beside it in a checkout."""
    package = Path(str(files("audiomotion")))
    in_wheel = package / "_recipes"
    return (in_wheel if in_wheel.is_dir() else package.parent) / kind


def list_recipes(kind: RecipeKind, recipes_dir: Path | None = None) -> dict[str, Path]:
    """Return every recipe that can be given by name, sorted; the user's before ours.

    Raises:
        ConfigError: `recipes_dir` is no folder.
    """
    found: dict[str, Path] = {}
    for folder in _folders(kind, recipes_dir):
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find_recipe(kind: RecipeKind, name: str, recipes_dir: Path | None = None) -> Path:
    """Return the file of a recipe given by path or name.

    Raises:
        ConfigError: There is none; the message lists those there are.
    """
    for path in _candidates(kind, name, recipes_dir):
        if path.is_file():
            return path
    known = list_recipes(kind, recipes_dir)
    stem = Path(name).stem if name.endswith((".yaml", ".yml")) else name
    if not known:
        raise ConfigError(f"{name!r} is no file, and there are no {_PLURAL[kind]} to choose from")
    if stem in known:
        raise ConfigError(f"{name!r} is no file; did you mean the recipe {stem!r}?")
    sentence = not_one_of(name, list(known), what=f"the {_PLURAL[kind]} ")
    raise ConfigError(f"{sentence} (the path of a YAML file is accepted too)")


def load_recipe(name: str, recipes_dir: Path | None = None) -> Given:
    """Return what an experiment's recipe gives, with everything that it extends below it.

    Raises:
        ConfigError: A file is missing, is no YAML mapping, or extends itself.
    """
    layers = list(_chain(find_recipe("experiments", name, recipes_dir), recipes_dir))
    merged = reduce(merge, reversed([layer.without("extends") for layer in layers]))
    return Given(merged.value, layers[0].origin)


def _chain(path: Path, recipes_dir: Path | None) -> Iterator[Given]:
    """Yield a recipe and what it extends, the most basic last."""
    seen = [path]
    recipe = named_after_file(read_yaml(path), path)
    while True:
        yield recipe
        extends = recipe.get("extends")
        if extends is None or extends.value is None:
            return
        path = _extended(extends, seen, recipes_dir)
        seen.append(path)
        recipe = read_yaml(path).without("name")


def _extended(extends: Given, seen: list[Path], recipes_dir: Path | None) -> Path:
    name, place = extends.plain(), f"{extends.origin} extends"
    if not isinstance(name, str):
        raise ConfigError(f"{place}: {kind_of(name)} where the name of a recipe belongs")
    beside = [seen[-1].parent / name, seen[-1].parent / f"{name}.yaml"]
    found = [*beside, *_candidates("experiments", name, recipes_dir)]
    existing = [path for path in found if path.is_file()]
    if not existing:
        known = list(list_recipes("experiments", recipes_dir))
        raise ConfigError(f"{place}: {not_one_of(name, known, what='the experiments ')}")
    # A recipe never finds itself: a user's kit.yaml may extend the package's kit.
    others = [path for path in existing if path.resolve() != seen[-1].resolve()]
    if not others or others[0].resolve() in [earlier.resolve() for earlier in seen]:
        chain = " -> ".join(display_path(step) for step in [*seen, *(others or existing)[:1]])
        raise ConfigError(f"{place}: the recipe extends itself: {chain}")
    return others[0]


def named_after_file(recipe: Given, path: Path) -> Given:
    """Return the recipe with the file's name where it gives none itself."""
    if recipe.get("name") is not None:
        return recipe
    return recipe.with_keys({"name": Given(path.stem, Origin(display_path(path)))})


def _candidates(kind: RecipeKind, name: str, recipes_dir: Path | None) -> Iterator[Path]:
    yield Path(name).expanduser()
    for folder in _folders(kind, recipes_dir):
        yield folder / f"{name}.yaml"


def _folders(kind: RecipeKind, recipes_dir: Path | None) -> list[Path]:
    if recipes_dir is None:
        return [shipped_folder(kind)]
    if not recipes_dir.is_dir():
        raise ConfigError(f"--recipes {recipes_dir}: no such folder")
    return [recipes_dir / kind, recipes_dir, shipped_folder(kind)]
