"""How the paper lays out its tables: columns, order, and what it calls each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

DATASET_LABELS: Final[Mapping[str, str]] = {"humanml3d": "HumanML3D", "kit": "KIT-ML"}
"""Data sets as the paper writes them."""


@dataclass(frozen=True)
class PaperColumn:
    """A column of figures."""

    metric: str
    label: str
    group: str = ""


@dataclass(frozen=True)
class PaperLayout:
    """One table of the paper."""

    number: int
    caption: str
    axis: str
    """The shipped axis that asks the same question."""
    row_headings: Sequence[str]
    """Columns that name a row, the data set's apart."""
    rows: Mapping[str, Sequence[str]]
    """What stands in these, by the published row's name, in the paper's order."""
    columns: Sequence[PaperColumn]
    datasets: Sequence[str | None]
    """Data sets of its figures; None where the paper does not say."""


_PRECISION: Final = "R Precision ↑"
_SYSTEM_COLUMNS: Final = (
    PaperColumn("top1", "Top 1", _PRECISION),
    PaperColumn("top2", "Top 2", _PRECISION),
    PaperColumn("top3", "Top 3", _PRECISION),
    PaperColumn("fid", "FID ↓"),
    PaperColumn("mm_distance", "MM Dist ↓"),
    PaperColumn("multimodality", "MultiModality ↑"),
)
_ABLATION_COLUMNS: Final = (
    PaperColumn("fid", "FID ↓"),
    PaperColumn("top1", "R-top1 ↑"),
    PaperColumn("top2", "R-top2 ↑"),
    PaperColumn("top3", "R-top3 ↑"),
    PaperColumn("mm_distance", "MM Dist ↓"),
)
_SYSTEMS: Final = (
    "TM2T", "T2M", "MDM", "MLD", "MotionDiffuse", "T2M-GPT", "ReMoDiffuse", "MoMask"
)  # fmt: skip

LAYOUTS: Final[Mapping[int, PaperLayout]] = {
    layout.number: layout
    for layout in (
        PaperLayout(
            2,
            "Trained on original or oral instructions, tested on oral ones",
            "training-data",
            ("Method", "Training Data"),
            {
                "text-original": ("Momask (Text-Based)", "Original"),
                "text-oral": ("Momask (Text-Based)", "Oral"),
                "audio-original": ("Ours (Audio-Based)", "Original"),
                "audio-oral": ("Ours (Audio-Based)", "Oral"),
            },
            _SYSTEM_COLUMNS,
            ("humanml3d", "kit"),
        ),
        PaperLayout(
            3,
            "Systems that read the captions, and one that hears them",
            "condition",
            ("Methods",),
            {name: (name,) for name in _SYSTEMS} | {"ours": ("Ours*",)},
            _SYSTEM_COLUMNS,
            ("humanml3d", "kit"),
        ),
        PaperLayout(
            4,
            "From speech to motion in one step, or by way of text",
            "pipeline",
            ("Framework", "Pipeline"),
            {
                "end2end": ("End2End (Ours)", "audio→motion"),
                "cascaded": ("Cascaded", "audio→text→motion"),
            },
            (PaperColumn("samples_per_second", "Speed (sample/sec)"),),
            (None,),
        ),
        PaperLayout(
            5,
            "Frozen audio encoders",
            "feature-extractor",
            ("Models",),
            {"encodec": ("Encodec",), "imagebind": ("ImageBind",), "wavlm": ("WavLM",)},
            _ABLATION_COLUMNS,
            ("kit",),
        ),
        PaperLayout(
            6,
            "Compressors of the frames of an instruction",
            "compressor",
            ("Audio Encoding",),
            {
                "avgpool-8": ("AvgPool-8",),
                "avgpool-32": ("AvgPool-32",),
                "avgpool-64": ("AvgPool-64",),
                "conv1d": ("Conv1d",),
                "transformer": ("Transformer",),
                "memory-retrieval": ("Mem-ReTr (Ours)",),
            },
            _ABLATION_COLUMNS,
            ("humanml3d",),
        ),
    )
}
"""The paper's tables of figures, by number."""
