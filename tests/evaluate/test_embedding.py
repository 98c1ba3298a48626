import numpy as np
import pytest
import torch

from audiomotion.config.experiment import EvaluatorConfig
from audiomotion.data.captions import tag_caption
from audiomotion.data.statistics import Statistics
from audiomotion.errors import DataError, ModelError
from audiomotion.evaluate.embedding import FrozenEvaluator
from audiomotion.models.evaluator import MotionTextEvaluator
from tests.evaluate.toy import FEATURE_DIM, MEAN, STD, make_clips, new_evaluator, vocabulary

MOTIONS = [clip.features for clip in make_clips(20, 3)]
CAPTIONS = [tag_caption(text) for clip in make_clips(20, 3) for text in clip.captions]


def test_embeddings_come_in_the_given_order_whatever_the_batches():
    evaluator = new_evaluator()
    for embed, given in ((evaluator.embed_motion, MOTIONS), (evaluator.embed_text, CAPTIONS)):
        evaluator.batch_size = 128
        whole = embed(given)
        evaluator.batch_size = 3
        np.testing.assert_allclose(embed(given), whole, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(embed(given[::-1])[::-1], whole, rtol=1e-4, atol=1e-5)
        assert whole.shape == (len(given), 32)


def test_motion_is_normalised_with_the_evaluators_own_statistics():
    evaluator = new_evaluator()
    expected = evaluator.model.embed_motion(
        (torch.from_numpy(MOTIONS[0][None, :16]) - MEAN[0]) / STD[0], torch.tensor([16])
    )
    np.testing.assert_allclose(
        evaluator.embed_motion([MOTIONS[0][:16]]), expected.detach(), rtol=1e-4, atol=1e-5
    )


def test_motion_is_cut_to_whole_tokens():
    evaluator, motion = new_evaluator(), np.resize(MOTIONS[0], (19, FEATURE_DIM))
    np.testing.assert_array_equal(
        evaluator.embed_motion([motion]), evaluator.embed_motion([motion[:16]])
    )


def test_given_word_vectors_are_looked_up():
    learned = new_evaluator()
    table = learned.model.word_embedding.weight.detach().numpy()
    model = MotionTextEvaluator(learned.model.config, FEATURE_DIM)
    state = learned.model.state_dict()
    state.pop("word_embedding.weight")
    model.load_state_dict(state)
    given = FrozenEvaluator(model, vocabulary(), Statistics(MEAN, STD), word_vectors=table)
    np.testing.assert_allclose(given.embed_text(CAPTIONS), learned.embed_text(CAPTIONS), rtol=1e-5)


def test_unknown_words_differ_from_known_ones_only_by_what_is_missing():
    evaluator = new_evaluator()
    embeddings = evaluator.embed_text([("zebra/NOUN",), ("quark/VERB",), ("person/NOUN",)])
    np.testing.assert_array_equal(embeddings[0], embeddings[1])
    assert not np.allclose(embeddings[0], embeddings[2])


def test_motion_that_is_not_finite_is_named():
    broken = MOTIONS[1].copy()
    broken[5, 2] = np.nan
    with pytest.raises(DataError, match="Motion 1 of 2"):
        new_evaluator().embed_motion([MOTIONS[0], broken])


def test_motion_shorter_than_a_token_is_an_error():
    with pytest.raises(ModelError, match="at least 4"):
        new_evaluator().embed_motion([MOTIONS[0][:3]])


def test_a_model_in_training_mode_is_frozen():
    model = MotionTextEvaluator(EvaluatorConfig(), FEATURE_DIM, len(vocabulary()))
    assert model.training
    FrozenEvaluator(model, vocabulary(), Statistics(MEAN, STD))
    assert not model.training
