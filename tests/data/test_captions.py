import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.data import captions
from audiomotion.data.captions import (
    POS_CLASSES,
    Vocabulary,
    encode,
    out_of_vocabulary_share,
    pos_class,
    tokenize,
)
from audiomotion.errors import DataError
from tests.golden import GOLDEN

CONSTANTS = json.loads((GOLDEN / "keys" / "word_vectorizer_constants.json").read_text())
WALK = ("a/DET", "person/NOUN", "walk/VERB", "forward/ADV")


def test_classes_are_the_published_ones():
    assert {name: i for i, name in enumerate(POS_CLASSES)} == CONSTANTS["pos_index"]


@pytest.mark.parametrize("name", CONSTANTS["vip_word_lists_checked_in_this_order"])
def test_vip_words_have_their_class_whatever_their_part_of_speech(name):
    for word in CONSTANTS["vip_word_lists_checked_in_this_order"][name]:
        assert {pos_class(word, pos) for pos in ("NOUN", "VERB", "X")} == {POS_CLASSES.index(name)}


def test_no_other_word_is_a_vip():
    lists = CONSTANTS["vip_word_lists_checked_in_this_order"].values()
    assert set(captions._VIP_CLASS) == {word for words in lists for word in words}


def test_other_words_have_the_class_of_their_part_of_speech():
    assert pos_class("person", "NOUN") == 1
    assert pos_class("and", "CCONJ") == POS_CLASSES.index("OTHER") == 14


def test_a_part_of_speech_outside_the_known_ones_is_other():
    known = set(CONSTANTS["pos_index"])
    universal = {"ADJ", "ADP", "ADV", "AUX", "CCONJ", "CONJ", "DET", "INTJ", "NOUN", "NUM", "PART",
                 "PRON", "PROPN", "PUNCT", "SCONJ", "SPACE", "SYM", "VERB", "X"}  # fmt: skip
    assert {pos_class("person", pos) for pos in universal - known} == {14}
    for pos in universal & known:
        assert pos_class("person", pos) == CONSTANTS["pos_index"][pos]


def test_a_word_outside_the_vocabulary_is_other_even_if_it_is_a_vip():
    vocabulary = Vocabulary(["unk", "sos", "eos", "walk"])
    known = encode(("walk/VERB",), vocabulary)
    unknown = encode(("run/VERB",), vocabulary)
    assert (known.word_ids[1], known.pos_classes[1]) == (3, CONSTANTS["pos_index"]["Act_VIP"])
    assert (unknown.word_ids[1], unknown.pos_classes[1]) == (0, CONSTANTS["pos_index"]["OTHER"])
    assert unknown.length == known.length == 3


def test_the_share_of_words_without_a_vector():
    vocabulary = Vocabulary.build([WALK])
    spoken = ("please/INTJ", "Walk/VERB", "a/DET", "waltz/NOUN")
    assert out_of_vocabulary_share([WALK], vocabulary) == 0
    assert out_of_vocabulary_share([spoken], vocabulary) == 0.5
    assert out_of_vocabulary_share([WALK, spoken], vocabulary) == 0.25
    assert out_of_vocabulary_share([], vocabulary) == 0
    assert out_of_vocabulary_share([("walk/VERB",) * 20 + spoken], vocabulary) == 0


def test_tokenize():
    assert tokenize("A person's counter-clockwise turn.") == [
        "a", "person", "counterclockwise", "turn",
    ]  # fmt: skip
    assert tokenize("Don’t stop, you can't; I'll go 180 degrees!") == [
        "do", "not", "stop", "you", "can", "not", "i", "go", "180", "degrees",
    ]  # fmt: skip


def test_encode_by_the_published_rules():
    vocabulary = Vocabulary(["eos", "walk", "unk", "a", "sos", "person"])
    encoded = encode((*WALK[:3], "spryly/ADV"), vocabulary)
    assert encoded.length == 6
    assert encoded.word_ids.tolist() == [4, 3, 5, 1, 2, 0] + [2] * 16
    names = [POS_CLASSES[i] for i in encoded.pos_classes]
    assert names == ["OTHER", "DET", "NOUN", "Act_VIP", "OTHER", "OTHER"] + ["OTHER"] * 16


@pytest.mark.parametrize(("num_words", "length"), [(1, 3), (19, 21), (20, 22), (21, 22), (40, 22)])
def test_captions_are_cut_to_twenty_words(num_words, length):
    tags = [f"w{i}/NOUN" for i in range(num_words)]
    vocabulary = Vocabulary.build([tags])
    encoded = encode(tags, vocabulary)
    assert encoded.length == length
    assert encoded.word_ids.shape == encoded.pos_classes.shape == (22,)
    words = [vocabulary.words[i] for i in encoded.word_ids[:length]]
    assert words == ["sos", *(f"w{i}" for i in range(min(num_words, 20))), "eos"]


def test_vocabulary_keeps_unk_first_and_every_word_once():
    vocabulary = Vocabulary.build([WALK, ("A/DET", "unk/NOUN", "jump/VERB")])
    assert vocabulary.words == ("unk", "sos", "eos", "a", "forward", "jump", "person", "walk")
    assert len(vocabulary) == 8
    assert "walk" in vocabulary and "waltz" not in vocabulary
    assert vocabulary.index("waltz") == 0


def test_vocabulary_comes_back_from_its_file(tmp_path):
    vocabulary = Vocabulary.build([WALK, ("café/NOUN",)])
    vocabulary.save(tmp_path / "vocabulary.json")
    assert Vocabulary.load(tmp_path / "vocabulary.json").words == vocabulary.words


def test_vocabulary_needs_its_special_words():
    with pytest.raises(DataError, match="sos, eos"):
        Vocabulary(["unk", "walk"])


def test_a_caption_without_words_is_an_error():
    with pytest.raises(DataError, match="no tagged words"):
        encode((), Vocabulary.build([WALK]))


@pytest.mark.parametrize("tag", ["walk", "/VERB", "walk/", ""])
def test_a_malformed_tag_is_an_error(tag):
    with pytest.raises(DataError, match="word/POS"):
        encode((tag,), Vocabulary.build([WALK]))


@given(st.lists(st.sampled_from(WALK), min_size=1, max_size=30))
def test_encoding_decodes_to_the_first_words(tags):
    vocabulary = Vocabulary.build([WALK])
    encoded = encode(tags, vocabulary)
    inside = encoded.word_ids[1 : encoded.length - 1]
    assert [vocabulary.words[i] for i in inside] == [tag.split("/")[0] for tag in tags[:20]]
    assert np.all(encoded.word_ids[encoded.length :] == vocabulary.index("unk"))
