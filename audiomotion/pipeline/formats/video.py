"""A moving stick figure: GIF by Pillow, MP4 by an installed ffmpeg.

No encoder comes with this package: those that Python packages bundle are built with GPL parts.
"""

import subprocess
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from audiomotion.config.exporters import GifConfig, Mp4Config
from audiomotion.errors import ModelError
from audiomotion.motion.quaternion import FloatArray
from audiomotion.pipeline.formats.base import Exporter
from audiomotion.pipeline.motion import GeneratedMotion

_LEFT, _RIGHT, _MIDDLE = (31, 119, 180), (217, 95, 2), (68, 68, 68)
_GROUND, _PAPER = (215, 215, 215), (255, 255, 255)
_YAW, _PITCH = np.radians(-30.0), np.radians(14.0)
_METRES: Final = 2.4
"""What a side of the picture shows."""


class GifExporter(Exporter[GifConfig]):
    """An endless loop at the motion's own speed, to a hundredth of a second a frame."""

    def files(self, motion: GeneratedMotion) -> Mapping[str, bytes]:
        """Return the file."""
        palette = Image.new("P", (1, 1))
        colours = (_PAPER, _GROUND, _LEFT, _RIGHT, _MIDDLE)
        palette.putpalette([value for colour in colours for value in colour])
        frames = [
            picture.quantize(palette=palette, dither=Image.Dither.NONE)
            for picture in pictures(motion, self.config.size)
        ]
        held = BytesIO()
        first, *others = frames
        first.save(
            held,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=round(100 / motion.fps) * 10,
            loop=0,
        )
        return {".gif": held.getvalue()}


class Mp4Exporter(Exporter[Mp4Config]):
    """H.264 or whatever the installed ffmpeg encodes MP4 with."""

    def files(self, motion: GeneratedMotion) -> Mapping[str, bytes]:
        """Return the file.

        Raises:
            ModelError: There is no ffmpeg, or it failed.
        """
        program = which(self.config.program)
        if program is None:
            raise ModelError(
                f"format mp4: there is no program {self.config.program!r} on the PATH; install "
                "ffmpeg, or take --format gif or html, which need nothing"
            )
        with TemporaryDirectory(prefix="amx-video-") as place:
            path = Path(place) / "motion.mp4"
            side = f"{self.config.size}x{self.config.size}"
            raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", side, "-r", f"{motion.fps:g}"]
            command = [program, "-v", "error", "-y", *raw, "-i", "-", "-pix_fmt", "yuv420p"]
            content = b"".join(one.tobytes() for one in pictures(motion, self.config.size))
            done = subprocess.run([*command, str(path)], input=content, capture_output=True)
            if done.returncode or not path.exists():
                said = done.stderr.decode(errors="replace").strip().splitlines() or ["no word why"]
                raise ModelError(f"format mp4: {program} failed: {said[-1]}; take --format gif")
            return {".mp4": path.read_bytes()}


def pictures(motion: GeneratedMotion, size: int) -> Iterator[Image.Image]:
    """Yield each frame as an RGB picture of `size` by `size`; the camera goes with the body."""
    skeleton = motion.skeleton
    lefts = {left for left, _ in skeleton.mirror_pairs}
    rights = {right for _, right in skeleton.mirror_pairs}
    colours = [_LEFT if joint in lefts else _RIGHT if joint in rights else _MIDDLE
               for joint in range(skeleton.num_joints)]  # fmt: skip
    joints = motion.joints.astype(np.float64)
    for pose in joints:
        centre = pose[0] * (1.0, 0.0, 1.0)
        picture = Image.new("RGB", (size, size), _PAPER)
        draw = ImageDraw.Draw(picture)
        for start, end in _ground(centre):
            draw.line(_pixels(np.stack([start, end]) - centre, size), fill=_GROUND, width=1)
        points = pose - centre
        for joint, parent in enumerate(skeleton.parents[1:], start=1):
            bone = _pixels(points[[parent, joint]], size)
            draw.line(bone, fill=colours[joint], width=max(2, size // 80))
        head = _pixels(points[[skeleton.kinematic_chains[2][-1]]], size)[0]
        draw.circle(head, size / 40, fill=_MIDDLE)
        yield picture


def _ground(centre: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield lines half a metre apart that stay where they are while the body walks over them."""
    first = np.floor(centre * 2) / 2
    for step in np.arange(-1.0, 1.51, 0.5):
        for axis, other in ((0, 2), (2, 0)):
            start, end = first.copy(), first.copy()
            start[axis] = end[axis] = first[axis] + step
            start[other], end[other] = first[other] - 1.0, first[other] + 1.5
            yield start, end


def _pixels(points: FloatArray, size: int) -> list[tuple[float, float]]:
    x, y, z = points.T
    across = np.cos(_YAW) * x + np.sin(_YAW) * z
    depth = np.cos(_YAW) * z - np.sin(_YAW) * x
    up = np.cos(_PITCH) * y - np.sin(_PITCH) * depth
    scale = size / _METRES
    return [(float(size / 2 + a * scale), float(size * 0.85 - b * scale))
            for a, b in zip(across, up, strict=True)]  # fmt: skip
