"""`--evaluator PATH`: the published evaluator, imported where it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import ResolvedArm
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.store import ArtifactStore

EvaluatorOption = Annotated[
    Path | None,
    typer.Option("--evaluator", help="Published evaluator (text_mot_match), imported first."),
]
GloveOption = Annotated[
    Path | None, typer.Option("--glove", help="Folder of its word vectors, imported too.")
]


@dataclass(frozen=True)
class PublishedEvaluator:
    """The published evaluator's files, where it is to measure instead of the experiment's own."""

    evaluator: EvaluatorOption = None
    glove: GloveOption = None

    def resolved(
        self,
        ask: Callable[..., list[ResolvedArm]],
        sets: Sequence[str],
        store: ArtifactStore,
        *,
        dry_run: bool,
    ) -> list[ResolvedArm]:
        """Return what `ask(sets=...)` returns, with the evaluator that is imported for it.

        Args:
            ask: Resolves the command's arms.
            sets: What the command was told to set.
            store: Where the evaluator is imported to.
            dry_run: Whether the files are only looked at.

        Raises:
            ConfigError: There are word vectors without an evaluator, or something else is wrong.
            ModelError: The files are damaged, or something else.
        """
        arms = ask(sets=sets)
        if self.evaluator is None:
            if self.glove is not None:
                raise ConfigError("--glove goes with --evaluator, whose word vectors they are")
            return arms
        chosen = _imported(self.evaluator, self.glove, arms[0].experiment, store, dry_run=dry_run)
        return ask(sets=[*sets, chosen])


def _imported(
    evaluator: Path,
    glove: Path | None,
    experiment: Experiment,
    store: ArtifactStore,
    *,
    dry_run: bool,
) -> str:
    """Import what fits an experiment's data set; return what `--set` would say to take it."""
    from audiomotion.orchestrate.importing import import_checkpoint
    from audiomotion.orchestrate.official import importable_part, importable_word_vectors

    published_as = experiment.dataset.published_as
    found = {"checkpoint": importable_part(evaluator, "evaluator", published_as, None)}
    if glove is not None:
        found["words"] = importable_word_vectors(glove)
    if not dry_run:
        for importable in found.values():
            import_checkpoint(store, importable)
    chosen = "".join(f", {key}: '{one.config.sha256}'" for key, one in found.items())
    return f"evaluator={{weights: official{chosen}}}"
