"""Which motion data: the embedded set, and sets in the published folder layout."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from audiomotion.config.checkpoints import DatasetName
from audiomotion.config.schema import Family, PartSchema


class DatasetSchema(PartSchema):
    """What all data sets share."""

    published_as: ClassVar[DatasetName] = "humanml3d"
    """Data set of the same skeleton and frame rate that published weights were trained on."""

    continuous_yaw: ClassVar[bool] = True
    """Whether turns through the back keep their sign in its features: not in published ones."""

    min_frames: int = Field(default=40, ge=4)
    """Shortest clip kept, in frames."""

    max_frames: int = Field(default=200, ge=8)
    """Clips of this many frames or more are dropped."""

    @model_validator(mode="after")
    def _some_length_fits(self) -> "DatasetSchema":
        if self.min_frames >= self.max_frames:
            raise ValueError(
                f"min_frames {self.min_frames} is not below max_frames {self.max_frames}"
            )
        return self

    content: str | None = None
    """Fingerprint of the raw files, filled in by a plan; None where there are none."""

    @property
    def label(self) -> str:
        """What tables call the data set."""
        return self.name


class DemoConfig(DatasetSchema):
    """The embedded data set: parametric actions on the 22-joint skeleton, made from a seed."""

    implementation = "audiomotion.data.demo.build:build_demo"
    name: Literal["demo"] = "demo"
    num_clips: int = Field(default=720, ge=64)
    """Clips made, all splits together."""

    captions_per_clip: int = Field(default=3, ge=1, le=3)
    """Written captions of a clip; each also has three spoken-style rewrites."""

    seed: int = 0
    """Decides every clip and caption; not the training seed."""


class FolderSchema(DatasetSchema):
    """A data set in the published folder layout of HumanML3D, below the data root."""

    implementation = "audiomotion.data.published:read_published"
    folder: str
    """Folder below the data root."""


class BandaiConfig(FolderSchema):
    """Bandai-Namco-Research-Motiondataset, retargeted by `amx data build bandai`."""

    name: Literal["bandai"] = "bandai"
    folder: str = "bandai"


class KitConfig(FolderSchema):
    """KIT-ML: 21 joints at 12.5 fps."""

    published_as = "kit"
    continuous_yaw = False
    name: Literal["kit"] = "kit"
    folder: str = "KIT-ML"
    min_frames: int = Field(default=24, ge=4)


class HumanML3DConfig(FolderSchema):
    """HumanML3D: 22 joints at 20 fps."""

    continuous_yaw = False
    name: Literal["humanml3d"] = "humanml3d"
    folder: str = "HumanML3D"


class OwnFolderConfig(FolderSchema):
    """Any data set in the published folder layout, such as `amx data build own` writes."""

    name: Literal["folder"] = "folder"

    @property
    def label(self) -> str:
        """What tables call the data set: its folder."""
        return self.folder


DATASETS = Family(
    "audiomotion.datasets",
    DatasetSchema,
    *(DemoConfig, BandaiConfig, KitConfig, HumanML3DConfig, OwnFolderConfig),
)

if TYPE_CHECKING:
    DatasetConfig = DatasetSchema
else:

    def __getattr__(name: str) -> object:
        # Only when asked for: the schemas of entry points import this module before they exist.
        if name == "DatasetConfig":
            return DATASETS.union()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
