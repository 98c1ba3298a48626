import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.config.experiment import EvaluatorConfig
from audiomotion.errors import ModelError
from audiomotion.models.evaluator import MotionTextEvaluator, pos_one_hot
from tests.golden import GOLDEN, fill_sha256, filled_state_dict, load_golden

DATASETS = [("evaluator_t2m", 263), ("evaluator_kit", 251)]
SMALL = EvaluatorConfig(
    movement_dim=16, motion_hidden_dim=12, text_hidden_dim=12, embedding_dim=8, word_dim=6
)


@pytest.fixture(scope="module", params=DATASETS, ids=lambda case: case[0])
def published(request):
    name, feature_dim = request.param
    assert fill_sha256(name) == json.loads((GOLDEN / "keys/_fill_sha256.json").read_text())[name]
    model = MotionTextEvaluator(EvaluatorConfig(), feature_dim).eval()
    model.load_state_dict(filled_state_dict(name))
    return model, {key: torch.from_numpy(array) for key, array in load_golden(name).items()}


def assert_close(actual, expected):
    limit = 1e-4 * expected.abs().max()
    assert (actual - expected).abs().max() <= limit


@torch.inference_mode()
def test_motion_embeddings_equal_the_published_ones(published):
    model, golden = published
    motion = model.embed_motion(golden["motions"], golden["m_lens"])
    assert_close(motion, golden["motion_emb_input_order"])
    assert_close(motion[golden["align_idx"]], golden["motion_emb_returned"])


@torch.inference_mode()
def test_text_embeddings_equal_the_published_ones(published):
    model, golden = published
    one_hot = pos_one_hot(golden["pos_ids"].long())
    text = model.embed_text(golden["word_embs"], one_hot, golden["cap_lens"])
    assert_close(text, golden["text_emb_input_order"])
    assert_close(text[golden["align_idx"]], golden["text_emb_returned"])


@torch.inference_mode()
def test_movement_tokens_equal_the_published_ones(published):
    model, golden = published
    movement = model.movement_encoder(golden["motions"][..., :-4], golden["m_lens"] // 4)
    assert movement.shape == (8, 49, 512)
    assert_close(movement[..., :8], golden["movement_out_first8"])


@torch.inference_mode()
def test_published_motion_embeddings_hold_one_clip_at_a_time_without_padding(published):
    model, golden = published
    for i, length in enumerate(golden["m_lens"].tolist()):
        alone = model.embed_motion(
            golden["motions"][i : i + 1, :length], golden["m_lens"][i : i + 1]
        )
        assert_close(alone[0], golden["motion_emb_input_order"][i])


def small_model(vocabulary_size: int | None = None, **changes) -> MotionTextEvaluator:
    torch.manual_seed(0)
    return MotionTextEvaluator(SMALL.model_copy(update=changes), 20, vocabulary_size).eval()


@torch.inference_mode()
@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(4, 230), min_size=1, max_size=5), st.integers(0, 9), st.integers(0, 99))
def test_a_motions_embedding_depends_neither_on_its_batch_nor_on_its_padding(lengths, extra, seed):
    model = small_model()
    rng = np.random.default_rng(seed)
    padded = torch.from_numpy(
        rng.standard_normal((len(lengths), max(lengths) + extra, 20)).astype(np.float32)
    )
    together = model.embed_motion(padded, torch.tensor(lengths))
    for i, length in enumerate(lengths):
        alone = model.embed_motion(padded[i : i + 1, :length], torch.tensor([length]))
        torch.testing.assert_close(alone[0], together[i], rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_not_a_number_in_the_padding_does_not_matter():
    model, features = small_model(), torch.randn(1, 60, 20)
    features[:, 40:] = torch.nan
    assert model.embed_motion(features, torch.tensor([40])).isfinite().all()


@torch.inference_mode()
def test_foot_contacts_are_not_looked_at():
    model, features, length = small_model(), torch.randn(1, 40, 20), torch.tensor([40])
    changed = features.clone()
    changed[..., -4:] += 1
    assert model.embed_motion(features, length).equal(model.embed_motion(changed, length))


@torch.inference_mode()
def test_a_text_embedding_depends_neither_on_its_batch_nor_on_its_padding():
    model = small_model(vocabulary_size=30)
    words, classes = torch.randint(1, 30, (3, 22)), torch.randint(0, 15, (3, 22))
    lengths = torch.tensor([3, 22, 9])
    together = model.embed_text(words, pos_one_hot(classes), lengths)
    for i, length in enumerate(lengths.tolist()):
        alone = model.embed_text(
            words[i : i + 1, :length], pos_one_hot(classes[i : i + 1, :length]), lengths[i : i + 1]
        )
        torch.testing.assert_close(alone[0], together[i], rtol=1e-4, atol=1e-5)


def test_unknown_words_stay_the_zero_vector():
    model = small_model(vocabulary_size=5)
    words = torch.tensor([[1, 0, 2]])
    model.embed_text(words, pos_one_hot(words), torch.tensor([3])).sum().backward()
    assert model.word_embedding.weight[0].abs().max() == 0
    assert model.word_embedding.weight.grad[0].abs().max() == 0
    assert model.word_embedding.weight.grad[1].abs().max() > 0


def test_learned_word_vectors_are_the_only_addition_to_the_published_names():
    names = set(small_model(vocabulary_size=5).state_dict()) - set(small_model().state_dict())
    assert names == {"word_embedding.weight"}


def test_infonce_embeddings_lie_on_the_unit_sphere():
    model = small_model(loss="infonce")
    embedding = model.embed_motion(torch.randn(3, 40, 20), torch.tensor([40, 20, 8]))
    torch.testing.assert_close(embedding.norm(dim=1), torch.ones(3))


def test_word_ids_need_word_vectors():
    words = torch.tensor([[1, 2]])
    with pytest.raises(ModelError, match="word vectors"):
        small_model().embed_text(words, pos_one_hot(words), torch.tensor([2]))


def test_a_motion_shorter_than_a_token_is_refused():
    with pytest.raises(ModelError, match="3 frames"):
        small_model().embed_motion(torch.zeros(2, 40, 20), torch.tensor([40, 3]))
