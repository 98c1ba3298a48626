"""Which weights a part gets: its own `weights` key, else what the recipe's or `--weights` says.

The answer is written into the part, so that an experiment is complete without the recipe.
"""

from collections.abc import Iterator

from audiomotion.config.given import SCHEMA_DEFAULT, Given, given
from audiomotion.config.recipe_schema import Recipe
from audiomotion.config.schema import PartSchema
from audiomotion.config.schema_paths import parts_in

_SIZE_OF_RANDOM = "tiny"


def fill_weights(values: Given) -> Given:
    """Give random tiny weights to parts that name none, where the recipe says `weights: random`.

    With `weights: pretrained` the part's own default stands: the published ones.
    """
    policy = values.get("weights")
    if policy is None or policy.plain() != "random":
        return values
    filled = {}
    for key, part in _pretrained_parts(values):
        if part.get("weights") is None:
            size = part.get("random_size") or given(_SIZE_OF_RANDOM, policy.origin)
            random = given("random", policy.origin)
            filled[key] = part.with_keys({"weights": random, "random_size": size})
    return values.with_keys(filled)


def drop_contradicting_weights(values: Given, options: Given) -> Given:
    """Drop weights that a recipe or arm names where `--weights` in `options` asks for another kind.

    `pretrained` keeps any hub id or folder, `random` keeps random weights of any size.
    """
    policy = options.get("weights")
    if policy is None:
        return values
    wants_random = policy.plain() == "random"
    changed = {}
    for key, part in _pretrained_parts(values):
        named = part.get("weights")
        if named is not None and (named.plain() == "random") != wants_random:
            changed[key] = part.without("weights", "revision", "random_size")
    return values.with_keys(changed)


def _pretrained_parts(values: Given) -> Iterator[tuple[str, Given]]:
    """Yield the parts whose schema has weights to choose, those that stand by default too."""
    for key, field in Recipe.model_fields.items():
        part = values.get(key)
        standing = field.default.name if isinstance(field.default, PartSchema) else ""
        if part is None and standing:
            part = given({"name": standing}, SCHEMA_DEFAULT)
        name = part.get("name") if part else None
        schema = parts_in(field).get(str(name.plain()) if name else standing)
        if part and schema and {"weights", "random_size"} <= set(schema.model_fields):
            yield key, part
