"""Rules that turn captions into requests."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.config.datasets import DemoConfig
from audiomotion.config.rewriters import GrammarConfig
from audiomotion.data.demo.build import build_demo
from audiomotion.rewrite.base import Request
from audiomotion.rewrite.checks import find_fault
from audiomotion.rewrite.grammar import Grammar
from audiomotion.rewrite.imperative import NotUnderstoodError, imperative

ORDERS = [
    ("a person walks forward and waves with the left hand",
     "walk forward and wave with your left hand"),
    ("a person running in circles", "run in circles"),
    ("a man is sitting down and then he stands up", "sit down and then stand up"),
    ("the person is standing still and raising both hands", "stand still and raise both hands"),
    ("he walks clockwise, while she swings her arms", "walk clockwise, while you swing your arms"),
    ("a person quickly turns around and runs away", "quickly turn around and run away"),
    ("the man first squats twice and then waves", "first squat twice and then wave"),
    ("a person does not move", "don't move"),
    ("a person is not moving", "don't move"),
    ("a human stumbles but does not fall", "stumble but do not fall"),
    ("a figure appears to be playing the violin", "play the violin"),
    ("there is a person walking slowly", "walk slowly"),
    ("someone catches a ball, carries it away, and hurries back",
     "catch a ball, carry it away, and hurry back"),
    ("a person walks while waving both hands", "walk while waving both hands"),
    ("a person lowers himself to the ground", "lower yourself to the ground"),
    ("a woman puts her hands on her hips", "put your hands on your hips"),
    ("slowly walking forward", "slowly walk forward"),
    ("a person grimaces and runs", "grimace and run"),
    ("a person dashes as if they lack confidence", "dash as if you lack confidence"),
    ("a person takes two kicks and jumps", "take two kicks and jumps"),
    ("a person is walking, turning around and waving", "walk, turning around and waving"),
]  # fmt: skip


@pytest.mark.parametrize(("caption", "order"), ORDERS, ids=[order for _, order in ORDERS])
def test_the_third_person_becomes_an_order(caption, order):
    assert imperative(caption) == ("", order)


@pytest.mark.parametrize(
    ("caption", "setting", "order"),
    [
        ("a person with a bent back waves both hands", "with a bent back", "wave both hands"),
        ("someone standing still puts up a hand", "while standing still", "put up a hand"),
        ("a man with his arms crossed walks in place", "with your arms crossed", "walk in place"),
    ],
)
def test_what_qualifies_the_subject_goes_first(caption, setting, order):
    assert imperative(caption) == (setting, order)


@pytest.mark.parametrize(
    "caption",
    ["the left arm is raised", "a person is pushed around", "a person who is drunk stumbles", "7"],
)
def test_what_nobody_does_is_no_order(caption):
    with pytest.raises(NotUnderstoodError):
        imperative(caption)


def rewrites(captions, **changes):
    found = Grammar(GrammarConfig(**changes)).rewrite(Request(caption) for caption in captions)
    return {request.caption: answer.text for request, answer in found}


def test_it_is_said_in_many_ways_and_always_the_same():
    captions = [f"a person jumps forward {number} times" for number in range(2, 60)]
    first = rewrites(captions)
    assert rewrites(captions[::-1]) == first
    assert {caption: first[caption] for caption in captions[:3]} == rewrites(captions[:3])
    openings = {text.partition(" jump")[0].lower() for text in first.values()}
    assert len(openings) > 12
    assert sum(rewrites(captions, seed=1)[c] != first[c] for c in captions) > 40


def test_another_process_says_the_same():
    caption = "a person waves with the left hand and then bows"
    program = (
        "from tests.rewrite.test_grammar import rewrites\n"
        f"print(rewrites([{caption!r}])[{caption!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == rewrites([caption])[caption]


def test_takes_differ():
    said: list[str] = []
    for take in range(8):
        request = Request("a person waves", take, tuple(said))
        ((_, answer),) = Grammar(GrammarConfig()).rewrite([request])
        assert answer.text and answer.text not in said
        said.append(answer.text)


def test_sentences_follow_each_other():
    text = rewrites(["A person walks ahead. Then he turns 180 degrees clockwise."]).popitem()[1]
    assert "urn 180 degrees clockwise." in text and "walk ahead" in text.lower()
    assert "he " not in text


def test_what_cannot_be_said_is_told():
    ((_, answer),) = Grammar(GrammarConfig()).rewrite([Request("??")])
    assert answer.text == "" and "no wording" in answer.problem


def test_all_captions_of_the_demo_are_said():
    data = build_demo(DemoConfig(num_clips=64), None, lambda done, total: None)
    captions = {caption.text for clip in data.clips for caption in clip.captions}
    said = rewrites(captions)
    assert all(said.values())
    assert not [text for text in said.values() if "this:" in text]
    assert not [text for caption, text in said.items() if find_fault(caption, text)]


@settings(deadline=None)
@given(st.text(alphabet="aehiklnrstw .,'-#3", max_size=50))
def test_whatever_is_written_is_said_rightly_or_not_at_all(caption):
    text = rewrites([caption]).get(caption, "")
    assert text == "" or find_fault(caption, text) == ""
