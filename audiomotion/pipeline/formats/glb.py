"""GLB: glTF 2.0 in one file, with a figure to look at.

Source: Khronos, "glTF 2.0 Specification", Sec. 3.7.3 (skins), 3.11 (animations), 4.4 (GLB).
"""

import json
import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audiomotion import __version__
from audiomotion.config.exporters import GlbConfig
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.rig import Rig, rig_of
from audiomotion.pipeline.formats.base import Exporter
from audiomotion.pipeline.motion import GeneratedMotion

_TYPES: Final = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (16,): "MAT4"}
_COMPONENTS: Final = {"<f4": 5126, "<u2": 5123, "|u1": 5121}
_VERTICES, _INDICES = 34962, 34963
_WIDTH: Final = 0.12
"""Half width of a bone's body, as a share of its length."""


class GlbExporter(Exporter[GlbConfig]):
    """Nodes in the T-pose, a body for each bone, and the rotations as an animation."""

    def files(self, motion: GeneratedMotion) -> Mapping[str, bytes]:
        """Return the file."""
        return {".glb": glb_bytes(rig_of(motion.joints, motion.skeleton))}


class _Buffer:
    """The binary part, and the records of what lies where in it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: NDArray[Any], target: int | None = None, *, bounds: bool = False) -> int:
        """Append an array and return the number of its accessor."""
        self.data += b"\0" * (-len(self.data) % 4)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data),
                                "byteLength": values.nbytes}  # fmt: skip
        self.views.append(view | ({"target": target} if target else {}))
        self.data += values.tobytes()
        accessor = {
            "bufferView": len(self.views) - 1,
            "componentType": _COMPONENTS[values.dtype.str],
            "count": len(values),
            "type": _TYPES[values.shape[1:]],
        }
        if bounds:
            accessor["min"] = np.atleast_1d(values.min(axis=0)).tolist()
            accessor["max"] = np.atleast_1d(values.max(axis=0)).tolist()
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def glb_bytes(rig: Rig) -> bytes:
    """Return the content of a GLB file: metres, Y up, facing +z in the T-pose."""
    buffer = _Buffer()
    num_joints = len(rig.joints)
    content = {
        "asset": {"version": "2.0", "generator": f"audiomotion {__version__}"},
        "scene": 0,
        "scenes": [{"nodes": [0, num_joints]}],
        "nodes": [*_nodes(rig), {"name": "body", "mesh": 0, "skin": 0}],
        "meshes": [{"name": "body", "primitives": [_body(rig, buffer)]}],
        "skins": [_skin(rig, buffer)],
        "animations": [_animation(rig, buffer)],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    return _container(content, bytes(buffer.data))


def _nodes(rig: Rig) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    for place, joint in enumerate(rig.joints):
        children = [child for child, one in enumerate(rig.joints) if one.parent == place]
        node = {"name": joint.name, "translation": [float(value) for value in joint.offset]}
        nodes.append(node | ({"children": children} if children else {}))
    return nodes


def _rest(rig: Rig) -> FloatArray:
    """Return each joint's place in the T-pose `(joints, 3)`."""
    rest = np.zeros((len(rig.joints), 3))
    for place, joint in enumerate(rig.joints):
        if joint.parent >= 0:
            rest[place] = rest[joint.parent] + joint.offset
    return rest


def _body(rig: Rig, buffer: _Buffer) -> dict[str, Any]:
    """Return a mesh of one double pyramid a bone, which follows the joint that turns the bone."""
    rest = _rest(rig)
    bones = [(joint.parent, rest[joint.parent], rest[place])
             for place, joint in enumerate(rig.joints) if joint.offset.any()]  # fmt: skip
    bones += [(place, rest[place], rest[place] + tip) for place, tip in rig.ends.items()]
    corners, owners = [], []
    for owner, start, end in bones:
        triangles = _double_pyramid(start, end)
        corners.append(triangles)
        owners += [owner] * len(triangles)
    positions = np.concatenate(corners).astype("<f4")
    joints = np.zeros((len(owners), 4), "<u2")
    joints[:, 0] = owners
    weights = np.tile(np.array([1, 0, 0, 0], "<f4"), (len(owners), 1))
    attributes = {
        "POSITION": buffer.add(positions, _VERTICES, bounds=True),
        "NORMAL": buffer.add(_normals(positions), _VERTICES),
        "JOINTS_0": buffer.add(joints, _VERTICES),
        "WEIGHTS_0": buffer.add(weights, _VERTICES),
    }
    indices = buffer.add(np.arange(len(owners), dtype="<u2"), _INDICES)
    return {"attributes": attributes, "indices": indices}


def _double_pyramid(start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the corners `(24, 3)` of eight triangles around a bone, seen from outside."""
    along = end - start
    first = np.cross(along, (0.0, 0.0, 1.0) if abs(along[2]) < abs(along).max() else (1.0, 0, 0))
    first *= _WIDTH * np.linalg.norm(along) / np.linalg.norm(first)
    second = np.cross(along, first) / np.linalg.norm(along)
    middle = start + 0.2 * along
    ring = [middle + first, middle + second, middle - first, middle - second]
    triangles = []
    for place in range(4):
        left, right = ring[place], ring[(place + 1) % 4]
        triangles += [end, left, right, start, right, left]
    return np.array(triangles)


def _normals(positions: NDArray[np.float32]) -> NDArray[np.float32]:
    corners = positions.reshape(-1, 3, 3)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    return np.repeat(across, 3, axis=0).astype("<f4")


def _skin(rig: Rig, buffer: _Buffer) -> dict[str, Any]:
    inverse = np.tile(np.eye(4), (len(rig.joints), 1, 1))
    inverse[:, 3, :3] = -_rest(rig)  # column by column, as the format has it
    matrices = buffer.add(inverse.reshape(-1, 16).astype("<f4"))
    return {"joints": list(range(len(rig.joints))), "inverseBindMatrices": matrices, "skeleton": 0}


def _animation(rig: Rig, buffer: _Buffer) -> dict[str, Any]:
    times = buffer.add((np.arange(len(rig.rotations)) / rig.fps).astype("<f4"), bounds=True)
    path = buffer.add(rig.root_positions.astype("<f4"))
    samplers = [{"input": times, "output": path, "interpolation": "LINEAR"}]
    channels: list[dict[str, Any]] = [{"sampler": 0, "target": {"node": 0, "path": "translation"}}]
    for place in range(len(rig.joints)):
        turns = rig.rotations[:, place, [1, 2, 3, 0]].astype("<f4")  # glTF: x, y, z, w
        samplers.append({"input": times, "output": buffer.add(turns), "interpolation": "LINEAR"})
        target = {"node": place, "path": "rotation"}
        channels.append({"sampler": len(samplers) - 1, "target": target})
    return {"name": "motion", "samplers": samplers, "channels": channels}


def _container(content: Mapping[str, Any], binary: bytes) -> bytes:
    text = json.dumps(content, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
