"""Which rewrites are kept: the same movement, in other words, as one spoken line."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from audiomotion.rewrite.checks import fault_of_meaning, find_fault, most_words
from audiomotion.rewrite.meaning import directions, negations, numbers, sides, words

GOOD = [
    ("a person walks forward and waves with the left hand",
     "Hey, can you walk forward and wave with your left hand?"),
    ("a person running in circles", "Jog in circular patterns."),
    ("a person kicks in the air, runs forward and then trots backward to their original location",
     "Can you kick in the air, run ahead, and then trot back to your original spot?"),
    ("a man squats extraordinarily low then bolts up in an unsatisfactory jump.",
     "Squat down remarkably low and then spring up in an unsatisfactory jump."),
    ("a person kicks three times", "Kick 3 times, please."),
    ("someone claps twice", "Clap two times."),
    ("someone does not move their feet", "Don't move your feet."),
    ("someone walks without moving the arms", "Walk, but don't move your arms."),
    ("a person turns 90 degrees", "Turn ninety degrees, please."),
    ("a person spins three sixty", "Spin 360, please."),
    ("a person turns one hundred and eighty degrees", "Do a one eighty degree turn."),
    ("a person turns counter-clockwise", "Turn anti-clockwise for me."),
    ("a person lifts up the right arm", "Now lift your right arm up."),
    ("someone walks with a bent back", "Walk with your back bent."),
    ("a person returns to the start slowly", "Go back to the start slowly."),
    ("a person walks quickly over there", "Go ahead and walk over there, right now."),
    ("a person sits on a chair", "Why don't you sit down on a chair?"),
    ("a person stumbles and stops at once", "At once stumble and stop, please."),
]  # fmt: skip

BAD = [
    ("a person waves the left hand", "Wave your right hand.", "sides"),
    ("a person waves the left hand", "Please wave your hand.", "sides"),
    ("a person waves a hand", "Wave your left hand.", "sides"),
    ("a person lifts the left leg, then the right leg", "Lift your right leg, then your left.",
     "sides"),
    ("a person waves both hands", "Please wave your hands.", "sides"),
    ("a person jumps twice", "Jump three times.", "numbers"),
    ("a person jumps twice", "Please jump.", "numbers"),
    ("a person takes two steps and three jumps", "Take three steps and two jumps.", "numbers"),
    ("a person takes 12 steps", "Take 2 steps, please.", "numbers"),
    ("a person kicks once", "Could you kick twice?", "numbers"),
    ("a person walks forward", "Please walk backward.", "directions"),
    ("a person walks forward then back", "Walk back, then forward.", "directions"),
    ("a person walks in a circle", "Walk in a clockwise circle.", "directions"),
    ("a person turns clockwise", "Turn counterclockwise.", "directions"),
    ("a person moves the arms up and down", "Move your arms down and up.", "directions"),
    ("a person gets up slowly", "Now get down slowly.", "directions"),
    ("a person does not stop walking", "Please stop walking.", "negations"),
    ("a person walks without stopping", "Walk, stopping please.", "negations"),
    ("a person jumps high", "Don't jump high.", "negations"),
    ("a person walks", "A person walks.", "copy"),
    ("walk slowly", "  ", "empty"),
    ("walk slowly", "", "empty"),
    ("walk slowly", "?!", "empty"),
    ("walk slowly", "Please walk\nslowly.", "one line"),
    ("walk slowly", "Please walk\u2028slowly.", "one line"),
    ("walk slowly", "Please walk\tslowly.", "control"),
    ("walk slowly", "Please walk\ud800slowly.", "control"),
    ("walk slowly", '"Please walk slowly."', "quotation"),
    ("walk slowly", "“Please walk slowly.”", "quotation"),
    ("walk slowly", "Sure! Please walk slowly.", "introduction"),
    ("walk slowly", "Here is one: walk slowly.", "introduction"),
    ("walk slowly", "Rewritten: walk quite slowly.", "introduction"),
    ("walk slowly", "- Please walk slowly.", "introduction"),
    ("walk slowly", "1. Please walk slowly.", "introduction"),
    ("walk slowly", "<think>hm</think> Please walk slowly.", "introduction"),
    ("a person is walking slowly", "The person walks slowly.", "describes"),
    ("walk slowly", "Could you please walk slowly?", "5 words"),
]  # fmt: skip


@pytest.mark.parametrize(("caption", "rewrite"), GOOD, ids=[good[1] for good in GOOD])
def test_a_good_rewrite(caption, rewrite):
    assert find_fault(caption, rewrite) == ""


@pytest.mark.parametrize(("caption", "rewrite", "fault"), BAD, ids=[repr(bad[1]) for bad in BAD])
def test_a_bad_rewrite(caption, rewrite, fault):
    assert fault in find_fault(caption, rewrite)


def test_an_earlier_take_is_no_new_one():
    others = ["Please walk slowly."]
    caption = "a person walks slowly"
    assert "earlier" in find_fault(caption, "please, walk slowly!", others)
    assert find_fault(caption, "Walk slowly.", others) == ""


def test_several_faults_are_all_told():
    fault = find_fault("a person waves the left hand twice", "Wave your right hand.")
    assert "sides right where the description has left" in fault
    assert "numbers none where the description has 2" in fault


WORDS = "walk wave jump slowly and then the hand turn around arms"
NEUTRAL = st.sampled_from(WORDS.split())
SIGNS = {
    "sides": ["left", "right", "both"],
    "directions": ["forward", "backward", "clockwise", "counterclockwise"],
    "numbers": ["twice", "three", "4", "ninety"],
    "negations": ["not", "without", "never"],
}
READERS = {"sides": sides, "directions": directions, "numbers": numbers, "negations": negations}
SIGN = st.sampled_from([word for group in SIGNS.values() for word in group])
TEXT = st.lists(st.one_of(NEUTRAL, SIGN), min_size=1, max_size=12)


@given(TEXT)
def test_the_same_words_mean_the_same(text):
    caption = " ".join(text)
    assert fault_of_meaning(caption, f"Hey, {caption.upper()}, please!") == ""


@given(TEXT, SIGN, st.data())
def test_an_added_sign_is_found_unless_it_repeats(text, sign, data):
    place = data.draw(st.integers(0, len(text)))
    changed = [*text[:place], "and", sign, "and", *text[place:]]
    (kind,) = (kind for kind, group in SIGNS.items() if sign in group)
    read = READERS[kind]
    before, after = (read(words(" ".join(said))) for said in (text, changed))
    assume(before != after)  # "left and left": the side of two movements may be said once
    assert kind in fault_of_meaning(" ".join(text), " ".join(changed))


@given(st.lists(st.sampled_from(SIGNS["sides"][:2]), min_size=1, max_size=6))
def test_swapped_sides_are_always_found(found):
    caption = " then ".join(f"lift the {side} arm" for side in found)
    swapped = caption.replace("left", "?").replace("right", "left").replace("?", "right")
    assert "sides" in fault_of_meaning(caption, swapped)


@given(st.integers(0, 99), st.integers(0, 99))
def test_numbers_are_read_in_words_and_digits(first, second):
    text = f"jump {in_words(first)} times and {second} times"
    assert numbers(words(text)) == [str(first), str(second)]


UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen"""
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def in_words(number):
    units, tens = UNITS.split(), TENS.split()
    if number < 20:
        return units[number]
    ten, unit = divmod(number, 10)
    return f"{tens[ten - 2]}-{units[unit]}" if unit else tens[ten - 2]


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_kept_fits_its_file(caption, rewrite):
    """One line, no tabulator, valid UTF-8: whatever a model may answer."""
    if find_fault(caption, rewrite) == "":
        assert f"0\t{rewrite}\n".encode().decode().splitlines() == [f"0\t{rewrite}"]
        assert "\t" not in rewrite and rewrite == rewrite.strip() != ""
        assert len(rewrite.split()) <= most_words(caption)


@given(st.text(max_size=60))
def test_a_copy_is_never_kept(caption):
    assert find_fault(caption, caption) != ""
