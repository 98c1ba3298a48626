"""What `amx bench cascade` leaves in a store, for table 4 of the paper."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from audiomotion.files import read_json, write_json
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.cells import CellRecord
from audiomotion.report.metrics import PUBLISHED_ONLY, Metric
from audiomotion.report.published import PublishedRow, published_rows
from audiomotion.report.statistics import Figure
from audiomotion.report.verdicts import Verdict, verdict

TABLE: Final = 4
PUBLISHED_DEVICE: Final = "NVIDIA RTX A6000"
"""Its GPU as torch names it; the paper writes A6000."""

_METRIC: Final[Metric] = PUBLISHED_ONLY[0]
_FOLDER: Final = "benchmarks"


@dataclass(frozen=True)
class SystemSpeed:
    """One system at one batch size."""

    system: str
    """Name of the row in the published table: `end2end` or `cascaded`."""
    batch_size: int
    rounds: int
    samples_per_second: float
    """One over the mean seconds of a sample."""
    half_width: float
    """Of its 95 % interval over rounds: of the seconds by Student's t, to first order."""
    parts: Mapping[str, float]
    """Seconds that each part takes of a sample, the mean of the rounds."""
    values: Sequence[float]
    """Samples a second of each round, in order."""

    @property
    def figure(self) -> Figure:
        """What the table shows."""
        return Figure(self.samples_per_second, self.half_width)


@dataclass(frozen=True)
class SpeedRecord:
    """One run of the benchmark."""

    created: str
    quick: bool
    """Whether it was of tiny sizes, so that its figures say nothing."""
    environment: Mapping[str, Any]
    """Machine and versions; `gpu` is the device's name, None of a CPU."""
    experiments: Mapping[str, Mapping[str, Any]]
    """Configuration of each system."""
    weights: Mapping[str, str]
    """Where the weights of each system's frozen parts come from, and of what is trained."""
    loading_seconds: Mapping[str, float]
    """What it took to make each system ready."""
    num_tokens: int
    """Motion tokens of every sample."""
    transcript_tokens: str
    """How many tokens the recognizer decodes, and why."""
    speeds: Sequence[SystemSpeed]
    ratios: Mapping[str, Figure]
    """End-to-end over cascade by batch size, of rounds made one right after the other."""
    name: str = ""
    """Of the file, below the store."""

    @property
    def device(self) -> str:
        """What was computed on."""
        gpu: str | None = self.environment.get("gpu")
        return gpu or f"CPU (threads: {self.environment['threads']})"

    def verdict(self, speed: SystemSpeed) -> Verdict:
        """Return what a speed says of the published one."""
        published = published_rows(TABLE, None)[speed.system].figures[_METRIC.key]
        return verdict(_METRIC, speed.figure, published, obstacles=self.obstacles)

    @property
    def obstacles(self) -> list[str]:
        """Why the speeds do not compare with the published ones."""
        found = []
        if self.quick:
            found.append("sizes: tiny, published: the paper's")
        if self.device != PUBLISHED_DEVICE:
            found.append(f"device: {self.device}, published: {PUBLISHED_DEVICE}")
        if any("random" in text for text in self.weights.values()):
            found.append("weights: random, published: trained")
        return found

    def cells(self) -> Iterator[CellRecord]:
        """Yield a cell for each speed, with the file that it stands in."""
        rows = published_rows(TABLE, None)
        for speed in self.speeds:
            yield self._cell(speed, rows[speed.system])

    def _cell(self, speed: SystemSpeed, row: PublishedRow) -> CellRecord:
        said = self.verdict(speed)
        return CellRecord(
            dataset="",
            row=f"{speed.system}, {batch_label(speed)}",
            metric=_METRIC.key,
            mean=speed.samples_per_second,
            half_width=speed.half_width,
            published_table=TABLE,
            published_system=row.name,
            published=row.figures[_METRIC.key].mean,
            verdict=said.word,
            verdict_reason=said.why,
            artifacts=self.name,
        )


def batch_label(speed: SystemSpeed) -> str:
    """Return how a row names its batch size."""
    return f"batch {speed.batch_size}"


def save_speeds(record: SpeedRecord, store: ArtifactStore) -> Path:
    """Write a record into a store, beside those that are there; return its file."""
    stamp = record.created.replace(":", "").replace("-", "")
    folder = store.root / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"cascade-{stamp}{'-quick' if record.quick else ''}.json"
    content = asdict(record)
    del content["name"]
    write_json(path, content)
    return path


def newest_speeds(store: ArtifactStore) -> SpeedRecord | None:
    """Return the newest record of a store, one of tiny sizes only where there is no other."""
    found = [_read(path) for path in sorted(store.root.glob(f"{_FOLDER}/cascade-*.json"))]
    return max(found, key=lambda one: (not one.quick, one.created), default=None)


def _read(path: Path) -> SpeedRecord:
    content: dict[str, Any] = read_json(path)
    content["speeds"] = [SystemSpeed(**speed) for speed in content["speeds"]]
    content["ratios"] = {size: Figure(**one) for size, one in content["ratios"].items()}
    return SpeedRecord(**content, name=f"{_FOLDER}/{path.name}")
