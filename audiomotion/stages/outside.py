"""Stage `outside`: another system's generated motions, measured by the protocol of our own."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.captions import out_of_vocabulary_share
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.data.outside_files import READ_FILES, read_layout, read_manifest
from audiomotion.data.outside_motion import MotionReader
from audiomotion.errors import DataError
from audiomotion.evaluate.embedding import Embeddings
from audiomotion.evaluate.metrics.multimodality import multimodality
from audiomotion.evaluate.outside import OutsideMotions
from audiomotion.evaluate.protocol import (
    MotionGenerator,
    RealMotion,
    TestItem,
    embed_real,
    evaluate_repeat,
    multimodality_draw,
)
from audiomotion.evaluate.result import EvaluationResult, RepeatResult
from audiomotion.files import read_json, write_json
from audiomotion.stages.asking import askable
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import OutsideStage
from audiomotion.stages.measuring import Judged
from audiomotion.stages.results import GIVEN, REAL, RESULT

_MOST_PROBLEMS: Final = 40

Report = Callable[[int, int], None]


def evaluate_outside(stage: OutsideStage, context: StageContext) -> None:
    """Check every file, then measure each repeat, and the real motion of the same instructions."""
    content = folder_content(Path(stage.config.folder), context.cache)
    if content != stage.config.content:
        raise DataError(f"{stage.config.folder} has changed since the plan was made; run it again")
    given = GivenMotions(stage, context.inputs["dataset"])
    forms = given.check(lambda done, total: context.report(done, total, {}))
    measuring = _Measuring(stage, context, given)
    write_json(context.output / RESULT, measuring.result("given", measuring.given).to_json())
    write_json(context.output / REAL, measuring.result("real", measuring.real).to_json())
    write_json(context.output / GIVEN, given.record(forms))


def folder_content(folder: Path, cache: Path | None) -> str:
    """Return the digest of the motions in a folder.

    Raises:
        DataError: There is no such folder.
    """
    return fingerprint_folder(folder, cache and cache / "outside.json", READ_FILES)


class GivenMotions:
    """The motions of a stage, beside the instructions of the data set that they answer.

    Raises:
        DataError: The manifest is wrong.
    """

    def __init__(self, stage: OutsideStage, dataset: Path) -> None:
        self.config = stage.config
        self.folder = Path(stage.config.folder)
        self.dataset = MotionDataset(dataset)
        self.manifest = read_manifest(self.folder)
        reader = MotionReader(
            self.dataset.skeleton, self.manifest, stage.inputs["dataset"].config.continuous_yaw
        )
        self.motions = OutsideMotions(
            read_layout(self.folder),
            self.manifest.texts,
            askable(self.dataset, self.config.variant, self.config.evaluation),
            reader,
        )

    @property
    def num_repeats(self) -> int:
        """Repeats that are measured."""
        return min(self.motions.num_repeats, self.config.evaluation.repeats)

    def check(self, report: Report) -> Counter[str]:
        """Read every file; return how many there are of each form.

        Raises:
            DataError: Everything that is wrong with the folder.
        """
        protocol, motions = self.config.evaluation, self.motions
        problems, forms = motions.content_problems(self._real_height, report)
        problems = [*motions.problems, *problems]
        if not (self.config.allow_missing and motions.covered):
            problems += filter(None, [motions.missing_problem()])
        if protocol.multimodality_captions:
            problems += motions.sample_problems(self.num_repeats, protocol.multimodality_pairs)
        if problems:
            more = len(problems) - _MOST_PROBLEMS
            shown = problems[:_MOST_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
            raise DataError("\n".join([f"{self.folder}: {problem}" for problem in shown]))
        return forms

    def _real_height(self, item: TestItem) -> float:
        column = self.dataset.skeleton.layout.root_height
        return float(np.median(self.dataset.features[item.features_index][:, column]))

    def record(self, forms: Mapping[str, int]) -> dict[str, Any]:
        """Return what was given, and what of the protocol was not."""
        samples = self.motions.samples(0)
        return {
            **self.manifest.model_dump(mode="json", exclude={"texts"}),
            "folder": str(self.folder),
            "forms": dict(forms),
            "num_repeats": self.motions.num_repeats,
            "num_clips": len(self.motions.covered),
            "num_clips_of_split": len(self.motions.asked.of_clip),
            "missing": self.motions.missing,
            "multimodality_captions": len(samples),
            "multimodality_samples": len(samples[0]) if samples else 0,
            "ignored_files": len(self.motions.layout.ignored),
        }


class _Measuring:
    """What is measured, and in which space."""

    def __init__(self, stage: OutsideStage, context: StageContext, given: GivenMotions) -> None:
        self.context = context
        self.config = stage.config.evaluation
        self.motions = given.motions
        self.num_repeats = given.num_repeats
        self.judged = Judged(context, stage.inputs["evaluator"], self.config, stage.config.variant)
        self.items = [self.motions.items(repeat) for repeat in range(self.num_repeats)]
        self.split = embed_real(self.items[0], self.judged.real, self.judged.evaluator)
        self._shared: Embeddings | None = None

    def result(self, name: str, measure: Callable[[int], RepeatResult]) -> EvaluationResult:
        """Run the repeats that are not there yet; each is kept in the scratch folder."""
        tags = [item.text_tags for items in self.items for item in items]
        share = out_of_vocabulary_share(tags, self.judged.evaluator.vocabulary)
        return EvaluationResult.of(list(self._repeats(name, measure)), share)

    def _repeats(self, name: str, measure: Callable[[int], RepeatResult]) -> Iterator[RepeatResult]:
        for repeat in range(self.num_repeats):
            path = self.context.scratch / f"{name}-{repeat:03d}.json"
            if not path.exists():
                write_json(path, measure(repeat).to_json())
            self.context.report(repeat + 1, self.num_repeats, {})
            yield RepeatResult.from_json(read_json(path))

    def given(self, repeat: int) -> RepeatResult:
        """Measure one repeat of the given motions."""
        result = self._repeat(repeat, _Given(self.motions, repeat))
        result.metrics.update(self._multimodality(repeat))
        return result

    def real(self, repeat: int) -> RepeatResult:
        """Measure the real motion of what that repeat answers."""
        return self._repeat(repeat, RealMotion(self.judged.real))

    def _repeat(self, repeat: int, generator: MotionGenerator) -> RepeatResult:
        # What was generated many times over is given, not asked for.
        config = self.config.model_copy(update={"multimodality_captions": 0})
        return evaluate_repeat(
            repeat, generator, self.items[repeat], self.split, self.judged.evaluator, config
        )

    def _multimodality(self, repeat: int) -> dict[str, float]:
        if not (self.config.multimodality_captions and self.motions.samples(repeat)):
            return {}
        _, rng = multimodality_draw(repeat, len(self.motions.covered), self.config)
        samples = self._samples(repeat)
        return {"multimodality": multimodality(samples, self.config.multimodality_pairs, rng)}

    def _samples(self, repeat: int) -> Embeddings:
        """Return embeddings `(n, S, E)` of S motions of each of n instructions."""
        files = self.motions.samples(repeat)
        is_shared = files[0][0].repeat is None
        if is_shared and self._shared is not None:
            return self._shared
        read = self.motions.reader.read
        motions = [read(file.path).features for several in files for file in several]
        embedded = self.judged.evaluator.embed_motion(motions)
        samples = embedded.reshape(len(files), len(files[0]), -1)
        self._shared = samples if is_shared else None
        return samples


class _Given:
    """The motions of one repeat, handed out as if they were generated now."""

    def __init__(self, motions: OutsideMotions, repeat: int) -> None:
        self.motions = motions
        self.repeat = repeat

    def generate(self, items: Sequence[TestItem], seed: int) -> list[NDArray[np.float32]]:
        """Return the motion that answers each item; nothing is drawn."""
        del seed
        return [self.motions.motion(self.repeat, item)[: item.num_frames] for item in items]
