"""What a folder of the user's own motion says of itself: `source.yaml` and rows of a manifest."""

from typing import Literal

from pydantic import Field, model_validator

from audiomotion.config.schema import Schema


class JointSourceConfig(Schema):
    """A point on a chain of joints of a BVH hierarchy."""

    chain: list[str] = Field(min_length=1)
    """Names of joints, each the next one's neighbour on the body."""

    fraction: float = Field(default=0.0, ge=0, le=1)
    """Part of the chain's length from its first joint."""


class OwnSourceConfig(Schema):
    """`source.yaml`: all of it is optional."""

    skeleton: Literal["humanml3d_22", "kit_21"] = "humanml3d_22"
    """Joints that the data set has, and with them its frame rate: 20 or 12.5 a second."""

    fps: float | None = Field(default=None, gt=0)
    """Frames a second of joint arrays; BVH files say their own."""

    units: Literal["auto", "cm", "m"] = "auto"
    """Unit of BVH files; `auto` concludes it from the size of the body."""

    mapping: dict[str, str | JointSourceConfig] = Field(default_factory=dict)
    """Source of every joint of the skeleton in BVH files; empty: hierarchies with the skeleton's
    own joint names, or those of the Bandai data."""

    title: str = ""
    """What the data is called."""

    url: str = ""
    """Where it comes from."""

    licence: str = ""
    """Under which terms it may be used."""

    citation: str = ""
    """How it is cited."""


class ManifestRow(Schema):
    """One description of one motion file; several rows may describe the same one."""

    file: str = Field(min_length=1)
    """Motion, relative to the manifest: `.bvh`, or `.npy` with joints `(T, J, 3)`."""

    caption: str = Field(min_length=1)
    """Description as written."""

    oral: str = ""
    """The same as people say it."""

    audio: str = ""
    """Recording of somebody who says `caption`, relative to the manifest."""

    oral_audio: str = ""
    """Recording of somebody who says `oral`."""

    split: Literal["train", "val", "test"] | None = None
    """Given for every file, or for none."""

    group: str = ""
    """What a split must not tear apart: a performer, a take; by itself where empty."""

    start: float = Field(default=0.0, ge=0)
    """Second at which the described part begins."""

    end: float = Field(default=0.0, ge=0)
    """Second at which it ends; 0 with `start` 0: the whole clip is described."""

    @model_validator(mode="after")
    def _consistent(self) -> "ManifestRow":
        if "#" in self.caption:
            raise ValueError(f"caption {self.caption!r}: # separates fields of the text files")
        if any(mark in text for text in (self.caption, self.oral) for mark in "\t\r\n"):
            raise ValueError("caption and oral must each be one line without tabs")
        if self.oral_audio and not self.oral:
            raise ValueError("oral_audio is a recording of `oral`, which is not given")
        if (self.start or self.end) and self.end <= self.start:
            raise ValueError(f"end {self.end:g} is not after start {self.start:g}")
        return self
