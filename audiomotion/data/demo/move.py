"""One action as a caption tells it."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Move:
    """One action as a caption tells it; an empty attribute or a count of 0 is not told."""

    action: str
    side: str = ""
    """The limb that acts."""
    direction: str = ""
    """The way that the body or the limb goes."""
    speed: str = ""
    count: int = 0

    def __str__(self) -> str:
        parts = (self.action, self.side, self.direction, self.speed, self.count or "")
        return "/".join(str(part) for part in parts if part)

    @property
    def atoms(self) -> frozenset[str]:
        """The action with each of its attributes: what training has to have seen."""
        parts = (self.side, self.direction, self.speed or "even", str(self.count))
        kinds = ("side", "direction", "speed", "count")
        named = zip(kinds, parts, strict=True)
        return frozenset(f"{self.action}/{kind}={part}" for kind, part in named if part)

    @property
    def to_the_right(self) -> bool:
        """Whether this is the mirror image of something done with, or to, the left."""
        return "right" in (self.side, self.direction)

    def leftward(self) -> "Move":
        """Return the move with left for right."""
        side, direction = (
            "left" if part == "right" else part for part in (self.side, self.direction)
        )
        return replace(self, side=side, direction=direction)
