"""The files that a generated motion can become."""

from typing import ClassVar, Literal

from pydantic import Field

from audiomotion.config.schema import Family, PartSchema


class ExporterSchema(PartSchema):
    """What all formats share; the name is the ending of the files."""

    animates: ClassVar[bool] = True
    """Whether another program plays the file; false for bare numbers."""


class NpyConfig(ExporterSchema):
    """NumPy: joints (N, J, 3) in metres, and beside them the features (N, P)."""

    implementation = "audiomotion.pipeline.formats.npy:NpyExporter"
    animates = False
    name: Literal["npy"] = "npy"


class BvhConfig(ExporterSchema):
    """BVH: a skeleton in its T-pose and its rotations, Y up."""

    implementation = "audiomotion.pipeline.formats.bvh:BvhExporter"
    name: Literal["bvh"] = "bvh"
    unit: Literal["m", "cm"] = "m"
    """Unit of the file: Blender's is the metre, Maya's and MotionBuilder's the centimetre."""


class GlbConfig(ExporterSchema):
    """GLB (glTF 2.0): a skinned figure of bones with a skeletal animation."""

    implementation = "audiomotion.pipeline.formats.glb:GlbExporter"
    name: Literal["glb"] = "glb"


class HtmlConfig(ExporterSchema):
    """HTML: one page that plays the motion and the instruction, and asks for no other file."""

    implementation = "audiomotion.pipeline.formats.html:HtmlExporter"
    name: Literal["html"] = "html"


class GifConfig(ExporterSchema):
    """GIF: a moving stick figure, drawn by Pillow."""

    implementation = "audiomotion.pipeline.formats.video:GifExporter"
    name: Literal["gif"] = "gif"
    size: int = Field(default=320, ge=64, le=2048)
    """Pixels of a side."""


class Mp4Config(ExporterSchema):
    """MP4: the same stick figure, encoded by the program ffmpeg, which must be installed."""

    implementation = "audiomotion.pipeline.formats.video:Mp4Exporter"
    name: Literal["mp4"] = "mp4"
    size: int = Field(default=480, ge=64, le=2048, multiple_of=2)
    """Pixels of a side."""

    program: str = Field(default="ffmpeg", exclude=True)
    """Name or path of the program."""


EXPORTERS = Family(
    "audiomotion.exporters",
    ExporterSchema,
    NpyConfig,
    BvhConfig,
    GlbConfig,
    HtmlConfig,
    GifConfig,
    Mp4Config,
)
