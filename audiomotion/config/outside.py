"""What a folder of another system's motions says of itself: `manifest.json`."""

from typing import Literal

from pydantic import Field

from audiomotion.config.schema import Schema


class OutsideManifest(Schema):
    """All of it is optional."""

    system: str = ""
    """What the system is called in tables."""

    weights: str = ""
    """Which weights made the motions."""

    licence: str = ""
    """Under which terms they may be used."""

    url: str = ""
    """Where the system comes from."""

    fps: float | None = Field(default=None, gt=0)
    """Frames a second of arrays, if not the data set's; BVH files say their own."""

    units: Literal["auto", "cm", "m"] = "auto"
    """Unit of BVH files; `auto` concludes it from the size of the body."""

    texts: dict[str, str] = Field(default_factory=dict)
    """Instruction that a file answers, by the file's path below the folder."""
