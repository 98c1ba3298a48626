"""The published files of the Bandai-Namco-Research-Motiondataset: archives or a folder of BVH."""

import json
import lzma
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from audiomotion.data.dataset import Progress
from audiomotion.errors import DataError

_CLIP_NAME = re.compile(r"(dataset-(\d+)_([^_]+)_([^_]+)_\d+)\.bvh")
_ARCHIVES = "bandai-bvh-*.tar.xz"
_HOW_TO_GET = (
    "give the folder that holds bandai-bvh-1.tar.xz and bandai-bvh-2-part.tar.xz, or a copy of "
    "https://github.com/BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset"
)


@dataclass(frozen=True, eq=False)
class SourceClip:
    """One published BVH file."""

    name: str
    """File name without its ending: `dataset-D_CONTENT_STYLE_NNN`."""
    dataset: int
    content: str
    style: str
    origin: str
    """Where it was found, for messages."""
    data: bytes

    @property
    def cell(self) -> tuple[int, str, str]:
        """What its captions depend on: data set, content and style."""
        return self.dataset, self.content, self.style

    @property
    def group(self) -> str:
        """What the split keeps together."""
        return f"{self.content}/{self.style}"


@dataclass(frozen=True)
class CellLabel:
    """What is said of all clips of one (data set, content, style) cell."""

    captions: tuple[str, ...]
    oral: tuple[str, ...]
    """A spoken-style rewrite of each caption."""


def load_labels() -> dict[tuple[int, str, str], CellLabel]:
    """Return the captions of every cell; they were written for this package."""
    text = (files("audiomotion.data") / "labels" / "bandai.json").read_text("utf-8")
    return {
        (entry["dataset"], entry["content"], entry["style"]): CellLabel(
            tuple(entry["original"]), tuple(entry["oral"])
        )
        for entry in json.loads(text)["entries"]
    }


def read_source(source: Path, progress: Progress) -> Iterator[SourceClip]:
    """Yield every published BVH file below `source`, archives first; progress counts bytes.

    Raises:
        DataError: There is none, an archive is damaged, or a clip stands there twice.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder; {_HOW_TO_GET}")
    archives = sorted(source.glob(_ARCHIVES))
    loose = sorted(path for path in source.rglob("*.bvh") if _CLIP_NAME.fullmatch(path.name))
    if not archives and not loose:
        raise DataError(f"{source} holds no {_ARCHIVES} and no dataset-*_*.bvh; {_HOW_TO_GET}")
    origins: dict[str, str] = {}
    for clip in _read_all(archives, loose, progress):
        if clip.name in origins:
            raise DataError(
                f"{clip.name} stands in {origins[clip.name]} and in {clip.origin}; keep one of them"
            )
        origins[clip.name] = clip.origin
        yield clip


def _read_all(
    archives: Sequence[Path], loose: Sequence[Path], progress: Progress
) -> Iterator[SourceClip]:
    total = sum(path.stat().st_size for path in [*archives, *loose])
    done = 0
    for archive in archives:
        for clip, position in _read_archive(archive):
            progress(done + position, total)
            yield clip
        done += archive.stat().st_size
    for path in loose:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from error
        yield _source_clip(path.name, str(path), data)
        done += len(data)
        progress(done, total)
    progress(total, total)


def _read_archive(path: Path) -> Iterator[tuple[SourceClip, int]]:
    """Yield the clips of an archive, each with the bytes of the archive read so far."""
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|xz") as archive:
            for member in archive:
                name = Path(member.name).name
                content = archive.extractfile(member) if _CLIP_NAME.fullmatch(name) else None
                if content is not None:
                    origin = f"{path}:{member.name}"
                    yield _source_clip(name, origin, content.read()), file.tell()
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        raise DataError(
            f"{path} cannot be read to its end ({error}): cut off or not an xz archive; "
            "copy it again"
        ) from error


def _source_clip(file_name: str, origin: str, data: bytes) -> SourceClip:
    match = _CLIP_NAME.fullmatch(file_name)
    assert match is not None, file_name
    name, dataset, content, style = match.groups()
    return SourceClip(name, int(dataset), content, style, origin, data)
