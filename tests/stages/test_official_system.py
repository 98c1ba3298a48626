"""Published files in, one system out: imported parts are used as the parts trained here are."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from audiomotion.config.experiment import RvqConfig
from audiomotion.config.resolve import resolve
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.ragged import Ragged
from audiomotion.data.statistics import Statistics
from audiomotion.models.rvq import RvqVae
from audiomotion.orchestrate.contents import with_imported
from audiomotion.orchestrate.importing import import_checkpoint
from audiomotion.orchestrate.launch import Request
from audiomotion.orchestrate.official import importable_part, importable_word_vectors
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.table import ResultTable
from audiomotion.stages.loading import load_evaluator, load_length, load_tokenizer
from audiomotion.stages.results import WEIGHTS
from audiomotion.stages.system import SystemStages
from tests.golden import filled_state_dict
from tests.models.official_files import WORDS, filled_folder, write_glove
from tests.stages.pipeline import SMALL, Pipeline

PARTS = ("rvq", "masked", "residual", "length", "evaluator")
SETS = [
    "dataset={num_clips: 64, captions_per_clip: 1}",
    "condition=text",
    "text_encoder={name: clip, weights: random, random_size: base}",
    *(f"{part}=official" for part in PARTS),
    "generation.masked.iterations=2",
    "evaluation={repeats: 1, pool_size: 16, multimodality_captions: 0}",
]


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory):
    """Import published files and launch the system; return its stages, store and table."""
    folder = tmp_path_factory.mktemp("official")
    store = ArtifactStore(folder / "store")
    for part in PARTS:
        files = filled_folder(folder / "files", part, "humanml3d")
        import_checkpoint(store, importable_part(files, part, "humanml3d", None))
    import_checkpoint(store, importable_word_vectors(write_glove(folder / "glove")))
    experiment = with_imported(resolve(SMALL, sets=SETS)[0].experiment, store)
    pipeline = Pipeline(store)
    record, table = pipeline.launch(Request("experiment", "official", [("t2m", experiment)], {}))
    assert record.status == "done"
    return SystemStages(experiment), pipeline, table


def test_nothing_was_trained(official) -> None:
    system, pipeline, _ = official
    assert {"rvq", "masked", "residual", "length", "evaluator"} <= set(pipeline.started)
    for part in PARTS:
        folder = pipeline.folder(getattr(system, part))
        assert not (folder / "curves.jsonl").exists()


@pytest.mark.parametrize(
    ("part", "module", "prefix"),
    [
        ("masked", "mask_transformer", "transformer."),
        ("residual", "residual_transformer", "transformer."),
        ("length", "length_estimator", "estimator."),
        ("evaluator", "evaluator_t2m", ""),
        ("rvq", "rvqvae_t2m", ""),
    ],
)
def test_every_published_tensor_is_there(official, part: str, module: str, prefix: str) -> None:
    system, pipeline, _ = official
    stored = load_file(pipeline.folder(getattr(system, part)) / WEIGHTS)
    for name, tensor in filled_state_dict(module).items():
        assert torch.equal(stored[prefix + name], tensor), name


def test_tokens_are_those_of_published_statistics_and_padding(official) -> None:
    system, pipeline, _ = official
    dataset = MotionDataset(pipeline.folder(system.dataset))
    mean, std = np.linspace(-1, 1, 263), np.linspace(0.02, 2, 263)  # as the files have them
    model = load_tokenizer(system.rvq, pipeline.folder(system.rvq), dataset.skeleton).rvq
    assert isinstance(model, RvqVae) and model.config.padding == "published"
    tokens = Ragged.open(pipeline.folder(system.rvq), "tokens")
    for clip in dataset.clips[:3]:
        normal = torch.from_numpy((dataset.features[clip.index] - mean) / std).float()
        filled = torch.nn.functional.pad(normal, (0, 0, 0, 196 - len(normal)))
        expected = model.encode(filled[None])[0, : clip.num_frames // 4]
        assert np.array_equal(tokens[clip.index], expected.numpy())


def test_a_system_of_published_parts_decodes_to_metres(official) -> None:
    system, pipeline, _ = official
    motions = Ragged.open(pipeline.folder(system.evaluation), "examples")
    stats = Statistics.load(pipeline.folder(system.rvq))
    assert np.allclose(stats.std, np.linspace(0.02, 2, 263), atol=1e-6)
    assert all(np.isfinite(motion).all() and len(motion) % 4 == 0 for motion in motions)


def test_the_evaluator_reads_the_published_words(official) -> None:
    system, pipeline, _ = official
    skeleton = MotionDataset(pipeline.folder(system.dataset)).skeleton
    folder = pipeline.folder(system.evaluator)
    evaluator = load_evaluator(system.evaluator, folder, skeleton, "cpu")
    assert sorted(evaluator.vocabulary.words) == sorted(WORDS)
    walk, person, stranger, unknown = evaluator.embed_text(
        [("walk/VERB",), ("person/NOUN",), ("yodel/VERB",), ("sneeze/NOUN",)]
    )
    assert not np.allclose(walk, person)
    assert np.array_equal(stranger, unknown)


def test_lengths_come_from_pooled_text(official) -> None:
    system, pipeline, _ = official
    features = pipeline.folder(system.features("original"))
    model = load_length(system.length, pipeline.folder(system.length), features)
    frames = torch.from_numpy(np.asarray(Ragged.open(features, "features")[0], np.float32))
    vectors = model.vectors(frames[None], torch.ones(1, 1).bool())
    torch.testing.assert_close(vectors, frames)
    assert model.estimator(vectors).shape == (1, 50)


def test_the_table_says_what_was_not_trained_here(official) -> None:
    table: ResultTable = official[2]
    said = " ".join(table.notes)
    assert "Published weights, not trained here: masked, residual, rvq." in said
    assert "the evaluator is the published one" in said
    assert "Words of the instructions that the evaluator does not know: " in said


def test_official_sizes_are_the_defaults_of_an_rvq() -> None:
    sizes = RvqConfig().model_dump(exclude={"weights", "padding"})
    spelled = resolve(SMALL, sets=["rvq=official"])[0].experiment.rvq.model_dump()
    differing = {name for name, value in sizes.items() if spelled[name] != value}
    assert differing == {"window_frames", "training"}  # of the recipe, and not used
