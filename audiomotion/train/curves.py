"""Learning curves in a file, one JSON object a line."""

import json
from collections.abc import Mapping
from pathlib import Path

from audiomotion.files import write_atomic


class Curves:
    """Appends points of a training's curves; the file is part of what the training leaves."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rewind(self, step: int) -> None:
        """Drop the points after `step`: a resumed training writes them again."""
        points = [point for point in read_curves(self.path) if point["step"] <= step]
        text = "".join(json.dumps(point) + "\n" for point in points)
        write_atomic(self.path, lambda file: file.write(text.encode()))

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Append one point."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")


def read_curves(path: Path) -> list[dict[str, float]]:
    """Return the points of a curve file; a torn last line, left by a crash, is skipped."""
    if not path.exists():
        return []
    lines = path.read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line.endswith("}")]
