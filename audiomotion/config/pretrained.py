"""What all parts with published weights share: the weights, or `random` with a size."""

from typing import ClassVar, Literal, get_args

from pydantic import Field, field_validator

from audiomotion.config.schema import PartSchema


class PretrainedSchema(PartSchema):
    """A part with frozen weights: a hub id, a local folder, or `random` with a size."""

    importable: ClassVar[bool] = False
    """Whether `amx import` knows its published weights, which `weights: official` then takes."""

    weights: str
    """Hub id, folder, `random`, or `official` where it is importable; nothing else is tried."""

    revision: str | None = None
    """Revision of the hub id; enters the fingerprint."""

    content: str | None = None
    """Digest of a folder's or of imported weights, filled in by a plan; None for others."""

    random_size: Literal["tiny", "base"] | None = Field(default=None, validate_default=True)
    """Size of randomly initialised weights; only with `weights: random`."""

    random_seed: int = 0
    """Seed of randomly initialised weights."""

    @property
    def weights_label(self) -> str:
        """How tables name the weights: `random (tiny)` or the hub id or folder."""
        return f"random ({self.random_size})" if self.weights == "random" else self.weights

    @field_validator("weights")
    @classmethod
    def _official_only_where_importable(cls, value: str) -> str:
        if value == "official" and not cls.importable:
            raise ValueError("official: published weights of this part come by hub id or folder")
        return value

    @field_validator("random_size")
    @classmethod
    def _size_only_for_random(cls, value: str | None, info: object) -> str | None:
        weights = getattr(info, "data", {}).get("weights")
        if weights == "random" and value is None:
            raise ValueError(f"weights: random needs random_size: {cls._random_sizes()}")
        if weights not in (None, "random") and value is not None:
            raise ValueError(f"random_size is only for weights: random, not {weights!r}")
        return value

    @classmethod
    def _random_sizes(cls) -> str:
        sized, _none = get_args(cls.model_fields["random_size"].annotation)
        *others, last = get_args(sized)
        return f"{', '.join(others)} or {last}"
