import re

import numpy as np
import pytest

from audiomotion.data.captions import MAX_TOKENS, tokenize
from audiomotion.data.demo.actions import ACTIONS
from audiomotion.data.demo.captions import third_person, write_captions
from audiomotion.data.demo.move import Move
from audiomotion.data.demo.plan import plan_clips
from audiomotion.data.demo.wording import NUMBERS, QUICKLY, SLOWLY, WORDINGS

COUNT_WORDS = {1: set(), 2: {"twice", "two"}, 3: {"three"}, 4: {"four"}}
SIDE_WORDS = {"left": {"left", "counterclockwise"}, "right": {"right", "clockwise"}}
WAY_WORDS = {
    "forward": {"forward", "forwards", "ahead", "front"},
    "backward": {"backward", "backwards"},
    "place": {"place", "spot"},
    "up": {"up"},
    "overhead": {"overhead", "above"},
    "front": set(),
    "overhand": {"overhand"},
    "underhand": {"underhand"},
}
ALL_COUNTS = set().union(*COUNT_WORDS.values())
# "throw fast", "in slow motion": told by these words, and only where a speed is meant.
SLOW = {word for phrase in SLOWLY for word in phrase.split()} & {"slowly", "slow"}
FAST = {word for phrase in QUICKLY for word in phrase.split()} - {"very"}


def texts_of(moves, seed=0, count=3):
    captions = write_captions(moves, count, np.random.default_rng(seed))
    return [text for c in captions for text in (c.text, *c.oral)]


def check_clause(move: Move, words: set[str], text: str) -> None:
    """A text of one move names its attributes and nothing that it has not."""
    sides = {s for s in ("left", "right") if s in (move.side, move.direction)}
    for side, names in SIDE_WORDS.items():
        assert bool(words & names) == (side in sides), (str(move), text)
    if move.side == "both":
        assert "both" in words, text
    if WAY_WORDS.get(move.direction):
        assert words & WAY_WORDS[move.direction], (str(move), text)
    assert bool(words & SLOW) == (move.speed == "slow"), (str(move), text)
    assert bool(words & FAST) == (move.speed == "fast"), (str(move), text)
    assert words & ALL_COUNTS == words & COUNT_WORDS.get(move.count, set()), (str(move), text)
    assert not COUNT_WORDS.get(move.count) or words & COUNT_WORDS[move.count], (str(move), text)


@pytest.mark.parametrize("name", ACTIONS)
def test_texts_name_what_the_move_has(name):
    for move in ACTIONS[name].moves():
        for text in texts_of([move]):
            check_clause(move, set(tokenize(text)), text)


def test_sequences_keep_their_order():
    for index, clip in enumerate(plan_clips(240, np.random.default_rng(1))):
        if len(clip.moves) == 2:
            for text in texts_of(clip.moves, index, 1):
                clauses = re.split(r",? and then |,? and after that |, then ", text)
                assert len(clauses) == 2, text
                for move, clause in zip(clip.moves, clauses, strict=True):
                    # "for me?" and the like stand outside of what is asked for.
                    words = set(tokenize(clause.replace("Go ahead and ", "")))
                    check_clause(move, words, text)


def test_captions_look_like_captions(demo):
    for clip in demo.clips:
        for caption in clip.captions:
            assert re.fullmatch(
                r"(a person|the person|someone|a man|the man|a woman) [a-z, ]+\.", caption.text
            ), caption.text
            assert "  " not in caption.text
            for text in caption.oral:
                assert re.fullmatch(r"[A-Z][A-Za-z', ]+[.?]", text), text
                assert " a person" not in text


def test_no_slot_is_left_open(demo):
    for clip in demo.clips:
        for caption in clip.captions:
            assert not re.search(r"[\[\]{}<>]", " ".join((caption.text, *caption.oral)))


def test_captions_of_a_clip_differ_and_so_do_their_rewrites(demo):
    for clip in demo.clips:
        assert len(clip.captions) == 3
        assert len({caption.text for caption in clip.captions}) == 3
        for caption in clip.captions:
            assert len(set(caption.oral)) == 3


def test_test_captions_are_all_different(demo):
    firsts = [clip.captions[0].text for clip in demo.clips if clip.split == "test"]
    assert len(set(firsts)) == len(firsts) >= 96


def test_no_text_belongs_to_two_combinations(demo):
    owner: dict[str, str] = {}
    for clip in demo.clips:
        for caption in clip.captions:
            for text in (caption.text, *caption.oral):
                assert owner.setdefault(text.lower(), clip.group) == clip.group, text


def test_no_text_of_one_move_fits_another(all_moves):
    """Whatever the subject and the frame: the words of a clause belong to one move."""
    owner: dict[str, Move] = {}
    for move in all_moves:
        for seed in range(4):
            for text in texts_of([move], seed):
                clause = re.sub(r"\b(their|his|her|your)\b", "the", text.lower())
                assert owner.setdefault(clause, move) == move, text


def test_texts_are_short_enough_to_be_read_to_the_end(demo):
    for clip in demo.clips:
        for caption in clip.captions:
            for text in (caption.text, *caption.oral):
                assert len(tokenize(text)) <= MAX_TOKENS, text


def test_tags_are_those_of_the_text(demo):
    for clip in demo.clips[:100]:
        for caption in clip.captions:
            assert len(caption.tags) == len(tokenize(caption.text))
            assert all(re.fullmatch(r"[a-z]+/[A-Z]+", tag) for tag in caption.tags)


def test_whose_hand_follows_the_subject():
    for text in texts_of([Move("wave", "left")], count=3):
        if text.startswith(("a man", "the man")):
            assert "her" not in text.split()
            assert "their" not in text.split()
        if text[0].isupper():
            assert not {"their", "his", "her"} & set(text.split())


def test_every_action_has_words():
    named = {key.split("/")[0] for key in WORDINGS}
    assert named == set(ACTIONS)
    assert NUMBERS[3] == "three"


@pytest.mark.parametrize(
    ("verb", "inflected"),
    [("walk", "walks"), ("punch", "punches"), ("do", "does"), ("go", "goes"), ("carry", "carries"),
     ("play", "plays"), ("toss", "tosses"), ("raise", "raises")],
)  # fmt: skip
def test_verbs_are_inflected(verb, inflected):
    assert third_person(verb) == inflected


def test_captions_depend_on_the_generator_alone():
    moves = [Move("kick", "left", speed="fast", count=2)]
    assert texts_of(moves, 4) == texts_of(moves, 4)
    assert texts_of(moves, 4) != texts_of(moves, 5)
