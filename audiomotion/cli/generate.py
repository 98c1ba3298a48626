"""`amx generate`: a spoken instruction becomes an animation file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audiomotion.cli.console import counted, errors
from audiomotion.cli.option_groups import with_option_groups
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from audiomotion.config.exporters import EXPORTERS
from audiomotion.errors import ConfigError, DataError

if TYPE_CHECKING:
    from audiomotion.pipeline import AudioToMotionPipeline
    from audiomotion.pipeline.formats.base import Exporter
    from audiomotion.pipeline.instructions import Instruction
    from audiomotion.pipeline.motion import GeneratedMotion


class Unit(StrEnum):
    """Unit of a BVH file."""

    m = "m"
    cm = "cm"


@dataclass(frozen=True)
class System:
    """Which trained system answers."""

    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="Folder of `amx export`.")
    ] = None
    run: Annotated[
        str | None, typer.Option("--run", help="Launch, or the beginning of its id.")
    ] = None
    arm: Annotated[str | None, typer.Option("--arm", help="One of several arms.")] = None
    training_seed: Annotated[
        int | None, typer.Option("--training-seed", help="One of several training seeds.")
    ] = None
    store: StoreOption = DEFAULT_STORE
    device: Annotated[str, typer.Option("--device", help="Torch device.")] = "cpu"

    @property
    def chosen(self) -> str:
        """The folder or the launch.

        Raises:
            ConfigError: It is not exactly one of them.
        """
        if (self.model is None) == (self.run is None):
            raise ConfigError("give either --model DIR, of `amx export`, or --run RUN")
        return str(self.model or self.run)


@dataclass(frozen=True)
class Wish:
    """How a motion is to be."""

    seconds: Annotated[
        float | None, typer.Option("--seconds", help="Length of the motion; else estimated.")
    ] = None
    samples: Annotated[
        int, typer.Option("--samples", min=1, help="Motions of each instruction.")
    ] = 1
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first of them.")] = 0
    guidance: Annotated[
        float | None, typer.Option("--guidance", help="Guidance scale, 1 for none.")
    ] = None
    clean_feet: Annotated[
        bool, typer.Option("--clean-feet", help="Hold feet where they touch the ground.")
    ] = False


@dataclass(frozen=True)
class Answer:
    """One motion and its files."""

    motion: "GeneratedMotion"
    skating_before: float
    files: Sequence[Path]

    def record(self) -> dict[str, Any]:
        """Return what `--json` says of it."""
        motion = self.motion
        return {
            "source": motion.source,
            "seed": motion.seed,
            "frames": len(motion.features),
            "fps": motion.fps,
            "seconds": motion.seconds,
            "length": motion.length_from,
            "skating_m_per_s": {"before": self.skating_before, "after": motion.skating_m_per_s},
            "warnings": list(motion.notes),
            "files": [str(path) for path in self.files],
        }


@with_option_groups
def generate(
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help="File; of several motions, and without ending, folder."
        ),
    ],
    inputs: Annotated[
        list[Path] | None, typer.Argument(metavar="IN...", help="Recordings, or folders of them.")
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="Instruction in words; may be repeated.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="npy, bvh, glb, html, gif or mp4; else OUT's ending."),
    ] = None,
    unit: Annotated[Unit | None, typer.Option("--unit", help="Unit of a BVH file.")] = None,
    wish: Wish = Wish(),
    system: System = System(),
    as_json: JsonOption = False,
) -> None:
    """Turn spoken instructions into motion files: BVH, GLB, NumPy, GIF, MP4 or a page."""
    from audiomotion.pipeline import AudioToMotionPipeline
    from audiomotion.pipeline.formats.base import exporter_of

    given: list[Path | str] = [*_recordings(inputs or ()), *(text or ())]
    if not given:
        raise ConfigError("nothing to answer: give recordings, folders of them, or --text")
    exporter = exporter_of(_format(form, output), {} if unit is None else {"unit": unit.value})
    pipeline = AudioToMotionPipeline.from_pretrained(
        system.chosen,
        device=system.device,
        store=system.store,
        arm=system.arm,
        seed=system.training_seed,
        say=errors.say,
    )
    answers, refusals = _answer_all(pipeline, given, wish, exporter, output)
    if as_json:
        records = [answer.record() for answer in answers]
        typer.echo(json.dumps(records, indent=1, ensure_ascii=False))
    else:
        for answer in answers:
            typer.echo(answer.files[0])
    if refusals:
        raise DataError("\n".join(refusals))


def _recordings(inputs: Sequence[Path]) -> Iterator[Path]:
    """Yield files, and the recordings of folders, in the order of their names.

    Raises:
        DataError: A folder has none.
    """
    from audiomotion.speech.audio_file import FORMATS

    for path in inputs:
        if not path.is_dir():
            yield path
            continue
        found = sorted(one for one in path.rglob("*") if one.suffix.lower() in FORMATS)
        if not found:
            raise DataError(f"{path} has no recordings; they end in {', '.join(FORMATS)}")
        yield from found


def _format(form: str | None, output: Path) -> str:
    """Return the format's name: as given, else by the ending of the file, else BVH."""
    ending = output.suffix.removeprefix(".").lower()
    if form is not None and ending in EXPORTERS.schemas and ending != form:
        raise ConfigError(f"--format {form} and -o {output} are two formats; choose one")
    if form is None and ending and ending not in EXPORTERS.schemas:
        formats = ", ".join(EXPORTERS.schemas)
        raise ConfigError(f"-o {output}: .{ending} is no format; formats are {formats}")
    return form or ending or "bvh"


def _answer_all(
    pipeline: "AudioToMotionPipeline",
    given: Sequence[Path | str],
    wish: Wish,
    exporter: "Exporter[Any]",
    output: Path,
) -> tuple[list[Answer], list[str]]:
    """Return what was answered, and a sentence for each recording that could not be."""
    answers: list[Answer] = []
    refusals: list[str] = []
    names = _names(given, wish, output, exporter.config.name)
    for item in given:
        places = [next(names) for _ in range(wish.samples)]
        try:
            (instruction,) = pipeline.encoder.understand([item])
        except DataError as error:
            refusals.append(str(error))
            continue
        for note in instruction.notes:
            errors.say(f"{instruction.name}: {note}")
        answers += _answers(pipeline, instruction, wish, exporter, places)
    if refusals:
        errors.say(f"{counted(len(refusals), 'instruction')} of {len(given)} not answered")
    return answers, refusals


def _answers(
    pipeline: "AudioToMotionPipeline",
    instruction: "Instruction",
    wish: Wish,
    exporter: "Exporter[Any]",
    places: Sequence[Path],
) -> Iterator[Answer]:
    number = len(places)
    motions = pipeline.generate(
        [instruction] * number,
        [wish.seconds] * number,
        [wish.seed + place for place in range(number)],
        wish.guidance,
    )
    for motion, path in zip(motions, places, strict=True):
        for note in motion.notes[len(instruction.notes) :]:
            errors.say(f"{motion.source}: {note}")
        before = motion.skating_m_per_s
        shown = motion.with_clean_feet() if wish.clean_feet else motion
        yield Answer(shown, before, exporter.write(shown, path))


def _names(given: Sequence[Path | str], wish: Wish, output: Path, form: str) -> Iterator[Path]:
    """Yield the file of every motion: `output` itself of a single one, else files in it."""
    single = len(given) == 1 and wish.samples == 1
    if single and output.suffix:
        yield output
        return
    if output.suffix and not output.is_dir():
        raise ConfigError(
            f"-o {output} is one file, and there are {len(given) * wish.samples} motions; "
            "give a folder"
        )
    taken: dict[str, int] = {}
    for place, item in enumerate(given):
        stem = item.stem if isinstance(item, Path) else f"text-{place}"
        taken[stem] = taken.get(stem, 0) + 1
        stem += f"-{taken[stem]}" if taken[stem] > 1 else ""
        for sample in range(wish.samples):
            numbered = stem if wish.samples == 1 else f"{stem}-seed{wish.seed + sample}"
            yield output / f"{numbered}.{form}"
