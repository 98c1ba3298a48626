import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from audiomotion.errors import DataError
from audiomotion.motion.drawing import draw_filmstrip
from audiomotion.motion.skeleton import HUMANML3D_22, SKELETONS, Skeleton
from tests.motion.clips import wiggling_clip


def colour_share(image: np.ndarray, colour: tuple[float, float, float]) -> float:
    """Share of pixels within a small distance of a colour."""
    return float(np.mean(np.abs(image[..., :3] - colour).max(axis=-1) < 0.05))


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_filmstrip_shows_both_sides(skeleton: Skeleton, tmp_path: Path) -> None:
    path = tmp_path / "strip.png"
    draw_filmstrip(wiggling_clip(skeleton), skeleton, path, "a person walks in an arc")
    image = imread(path)
    left, right = (0.12, 0.47, 0.71), (0.85, 0.37, 0.01)
    assert image.shape[1] > image.shape[0]
    assert colour_share(image, left) > 0.002
    assert colour_share(image, right) > 0.002


def test_more_poses_make_a_wider_strip(tmp_path: Path) -> None:
    clip, widths = wiggling_clip(HUMANML3D_22), []
    for num_poses in (6, 12):
        path = tmp_path / f"{num_poses}.png"
        draw_filmstrip(clip, HUMANML3D_22, path, "poses", num_poses)
        widths.append(imread(path).shape[1])
    assert widths[1] > 1.5 * widths[0]


def test_a_clip_shorter_than_the_poses_and_a_title_with_dollars(tmp_path: Path) -> None:
    path = tmp_path / "strip.png"
    draw_filmstrip(wiggling_clip(HUMANML3D_22, frames=3), HUMANML3D_22, path, "costs $5 and_$")
    assert imread(path).size


def test_the_same_clip_gives_the_same_picture(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for path in paths:
        draw_filmstrip(wiggling_clip(HUMANML3D_22), HUMANML3D_22, path, "twice")
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_damaged_clip_is_refused(tmp_path: Path) -> None:
    clip = wiggling_clip(HUMANML3D_22)
    clip[4, 3] = np.nan
    with pytest.raises(DataError, match="frame 4, joint spine1"):
        draw_filmstrip(clip, HUMANML3D_22, tmp_path / "strip.png", "damaged")


def test_importing_motion_stays_light() -> None:
    program = (
        "import sys, audiomotion.motion.drawing, audiomotion.motion.representation;"
        "print([name for name in ('torch', 'matplotlib') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
