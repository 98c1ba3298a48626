"""Each format, read by another reader than the writer."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pygltflib import GLTF2
from scipy.spatial.transform import Rotation

from audiomotion.errors import ModelError
from audiomotion.motion.bvh import read_bvh
from audiomotion.motion.rig import rig_of
from audiomotion.pipeline.formats.base import exporter_of
from audiomotion.pipeline.motion import GeneratedMotion


def test_numbers(motion: GeneratedMotion, tmp_path: Path) -> None:
    joints, features = motion.save(tmp_path / "walk.npy")
    np.testing.assert_array_equal(np.load(joints), motion.joints)
    np.testing.assert_array_equal(np.load(features), motion.features)


@pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("cm", 0.01)])
def test_bvh_holds_the_motion_to_a_millimetre(
    motion: GeneratedMotion, tmp_path: Path, unit: str, metres: float
) -> None:
    (path,) = motion.save(tmp_path / "walk.bvh", unit=unit)
    clip = read_bvh(path)
    order = [clip.joint_names.index(name) for name in motion.skeleton.joint_names]
    shown = rig_of(motion.joints, motion.skeleton).positions
    assert np.abs(clip.positions[:, order] * metres - shown).max() < 1e-3
    assert clip.fps == motion.fps


class Glb:
    """A file as pygltflib reads it, and what its animation shows."""

    def __init__(self, path: Path) -> None:
        self.file = GLTF2().load(str(path))
        self.blob = self.file.binary_blob()

    def array(self, accessor: int) -> np.ndarray:
        record = self.file.accessors[accessor]
        view = self.file.bufferViews[record.bufferView]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[record.type]
        kind = {5126: "<f4", 5123: "<u2"}[record.componentType]
        start = view.byteOffset
        values = np.frombuffer(self.blob[start : start + view.byteLength], kind)
        assert len(values) == record.count * width
        return values.reshape(record.count, width)

    def world(self) -> tuple[list[str], np.ndarray]:
        """Return the name of each joint, and its place in every frame."""
        nodes, (animation,) = self.file.nodes, self.file.animations
        turns, moves = {}, {}
        for channel in animation.channels:
            values = self.array(animation.samplers[channel.sampler].output)
            held = turns if channel.target.path == "rotation" else moves
            held[channel.target.node] = values
        num_frames = len(moves[0])
        places: dict[int, np.ndarray] = {}

        def visit(node: int, origin: np.ndarray, turned: Rotation) -> None:
            offset = np.tile(nodes[node].translation, (num_frames, 1))
            places[node] = origin + turned.apply(moves.get(node, offset))
            below = turned * Rotation.from_quat(turns[node])
            for child in nodes[node].children or []:
                visit(child, places[node], below)

        visit(0, np.zeros((num_frames, 3)), Rotation.identity(num_frames))
        names = [nodes[node].name for node in places]
        return names, np.stack(list(places.values()), axis=1)


def test_glb_shows_the_motion_to_another_reader(motion: GeneratedMotion, tmp_path: Path) -> None:
    (path,) = motion.save(tmp_path / "walk.glb")
    names, places = Glb(path).world()
    order = [names.index(name) for name in motion.skeleton.joint_names]
    shown = rig_of(motion.joints, motion.skeleton).positions
    assert np.abs(places[:, order] - shown).max() < 1e-3


def test_glb_is_a_skinned_body_on_the_ground(motion: GeneratedMotion, tmp_path: Path) -> None:
    (path,) = motion.save(tmp_path / "walk.glb")
    glb = Glb(path)
    (skin,), (mesh,) = glb.file.skins, glb.file.meshes
    attributes = mesh.primitives[0].attributes
    owners = glb.array(attributes.JOINTS_0)[:, 0]
    assert owners.max() < len(skin.joints) == len(glb.file.nodes) - 1
    np.testing.assert_array_equal(glb.array(attributes.WEIGHTS_0).sum(axis=1), 1)
    lengths = np.linalg.norm(glb.array(attributes.NORMAL), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-5)
    matrices = glb.array(skin.inverseBindMatrices).reshape(-1, 4, 4)
    assert np.abs(matrices[0] - np.eye(4)).max() == 0
    times = glb.array(glb.file.animations[0].samplers[0].input)[:, 0]
    np.testing.assert_allclose(np.diff(times), 1 / motion.fps, atol=1e-6)


def test_gif_moves_at_the_speed_of_the_motion(motion: GeneratedMotion, tmp_path: Path) -> None:
    (path,) = motion.save(tmp_path / "walk.gif", size=96)
    with Image.open(path) as picture:
        assert picture.size == (96, 96)
        assert picture.info["loop"] == 0
        total = 0
        for frame in range(picture.n_frames):
            picture.seek(frame)
            total += picture.info["duration"]  # frames that look alike are one, shown longer
        colours = set(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)[:, 0])
    assert total == 1000 * motion.seconds
    assert {31, 217, 68} <= colours


def test_a_page_has_the_motion_and_the_audio(motion: GeneratedMotion, tmp_path: Path) -> None:
    (path,) = motion.save(tmp_path / "walk.html")
    page = path.read_text("utf-8")
    data = page.partition('id="viewer-data">')[2].partition("</script>")[0]
    (scene,) = json.loads(data)["scenes"]
    assert scene["answers"]["generated"]["motion"]["frames"] == len(motion.features)
    assert "data:audio/flac;base64," in page
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page


def test_mp4_says_what_it_lacks(motion: GeneratedMotion, tmp_path: Path) -> None:
    missing = exporter_of("mp4", {"program": str(tmp_path / "no-ffmpeg")})
    with pytest.raises(ModelError, match="install ffmpeg, or take --format gif"):
        missing.write(motion, tmp_path / "walk.mp4")
    failing = exporter_of("mp4", {"program": "false"})
    with pytest.raises(ModelError, match="failed: no word why"):
        failing.write(motion, tmp_path / "walk.mp4")
    assert list(tmp_path.iterdir()) == []
