"""`--evaluator PATH`: the published evaluator, imported where it is asked for."""

from pathlib import Path
from typing import Annotated

import typer

from audiomotion.config.experiment import Experiment
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.store import ArtifactStore

EvaluatorOption = Annotated[
    Path | None,
    typer.Option("--evaluator", help="Published evaluator (text_mot_match), imported first."),
]
GloveOption = Annotated[
    Path | None, typer.Option("--glove", help="Folder of its word vectors, imported too.")
]


def evaluator_sets(
    evaluator: Path | None,
    glove: Path | None,
    experiment: Experiment,
    store: ArtifactStore,
    *,
    dry_run: bool,
) -> list[str]:
    """Import the published evaluator; return what `--set` would have to say to take it.

    Args:
        evaluator: Its folder or file; None leaves the experiment's own.
        glove: Folder of the word vectors; None takes those that were imported before.
        experiment: Says which data set's evaluator it has to be.
        store: Where it is imported to.
        dry_run: Whether the files are only looked at.

    Raises:
        ConfigError: There are word vectors without an evaluator.
        ModelError: The files are damaged, or something else.
    """
    if evaluator is None:
        if glove is not None:
            raise ConfigError("--glove goes with --evaluator, whose word vectors they are")
        return []
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
    return [f"evaluator={{weights: official{chosen}}}"]
