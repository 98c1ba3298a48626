import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.data.tagging import tag_caption, tokenize
from audiomotion.errors import DataError

# As the published text files have it: base forms, possessives DET, "to" before a verb PART.
TAGGED = {
    "the standing person kicks with their left foot": "the/DET stand/VERB person/NOUN kick/VERB "
    "with/ADP their/DET left/ADJ foot/NOUN",
    "A man takes two steps, then jumps.": "a/DET man/NOUN take/VERB two/NUM step/NOUN then/ADV "
    "jump/VERB",
    "she is walking in place at a slow pace": "she/PRON is/AUX walk/VERB in/ADP place/NOUN at/ADP "
    "a/DET slow/ADJ pace/NOUN",
    "a person makes a turn to the right.": "a/DET person/NOUN make/VERB a/DET turn/NOUN to/ADP "
    "the/DET right/NOUN",
    "he seems to be running quickly": "he/PRON seem/VERB to/PART be/AUX run/VERB quickly/ADV",
    "I'd like you to raise both arms": "i/PRON like/VERB you/PRON to/PART raise/VERB both/DET "
    "arm/NOUN",
    "move like a chicken": "move/VERB like/ADP a/DET chicken/NOUN",
    "lower your hands": "lower/VERB your/DET hand/NOUN",
    "lies on his back": "lie/VERB on/ADP his/DET back/NOUN",
    "walk back and turn left": "walk/VERB back/ADV and/CCONJ turn/VERB left/ADV",
    "turn 180 degrees": "turn/VERB 180/NUM degree/NOUN",
    "stopped, juggling and skidding": "stop/VERB juggle/VERB and/CCONJ skid/VERB",
    "a cautious, graceful movement": "a/DET cautious/ADJ graceful/ADJ movement/NOUN",
    "belly dancing": "belly/NOUN dance/VERB",
}


@pytest.mark.parametrize("text", TAGGED)
def test_tags(text):
    assert " ".join(tag_caption(text)) == TAGGED[text]


@pytest.mark.parametrize(
    ("form", "base"),
    [("ran", "run"), ("running", "run"), ("runs", "run"), ("raising", "raise"), ("raised", "raise"),
     ("carries", "carry"), ("carried", "carry"), ("lying", "lie"), ("passes", "pass"),
     ("crouched", "crouch"), ("hopped", "hop"), ("skidding", "skid"), ("waved", "wave")],
)  # fmt: skip
def test_verbs_are_given_by_their_base_form(form, base):
    assert tag_caption(f"he {form}")[1] == f"{base}/VERB"


@pytest.mark.parametrize(
    ("form", "base"),
    [("feet", "foot"), ("arms", "arm"), ("boxes", "box"), ("bodies", "body"), ("dress", "dress"),
     ("benches", "bench"), ("bus", "bus"), ("people", "people"), ("knives", "knife")],
)  # fmt: skip
def test_nouns_are_given_by_their_base_form(form, base):
    assert tag_caption(f"the {form}")[1] == f"{base}/NOUN"


@pytest.mark.parametrize("text", ["", "  ", "...", "-!?"])
def test_a_caption_without_words_is_an_error(text):
    with pytest.raises(DataError, match="no words"):
        tag_caption(text)


@given(st.text(max_size=60))
def test_every_word_gets_exactly_one_tag(text):
    words = tokenize(text)
    if words:
        tags = tag_caption(text)
        assert len(tags) == len(words)
        assert all(tag.rpartition("/")[0] and tag.rpartition("/")[2].isupper() for tag in tags)


@given(st.text(max_size=60))
def test_tokens_are_lower_case(text):
    assert all(
        (word == word.lower() and word.isalnum()) or word[0].isdigit() for word in tokenize(text)
    )
