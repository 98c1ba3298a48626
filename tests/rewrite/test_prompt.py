"""The prompt: filled in for a caption, and checked before anything is asked."""

import pytest

from audiomotion.errors import ConfigError
from audiomotion.rewrite.base import Request
from audiomotion.rewrite.prompt import Prompt

OWN = "[system]\nSpeak. $limit\n[user]\n$caption\n[others]\nnot $others\n[again]\nit $reason\n"


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "prompt.txt"
        path.write_text(text)
        return Prompt.load(str(path))

    return load_text


def test_the_shipped_prompt_says_what_must_be_kept():
    system, user = Prompt.load(None).messages(Request("a man $waves$ twice"))
    for word in (
        "left",
        "twice",
        "backward",
        "counterclockwise",
        "not",
        "order",
        "At most 8 words",
    ):
        assert word in system["content"]
    assert "Lines that start with #" not in system["content"]
    assert user == {"role": "user", "content": "Description: a man $waves$ twice"}


def test_a_refusal_is_quoted_and_explained(load):
    messages = load(OWN).messages(Request("a b", 1, ("c", "d"), 2, "e", "is short"))
    assert [(message["role"], message["content"]) for message in messages] == [
        ("system", "Speak. 4"),
        ("user", "a b\n\nnot c / d"),
        ("assistant", "e"),
        ("user", "it is short"),
    ]


def test_comments_are_not_sent_and_decide_nothing(load):
    assert load("# hello\n" + OWN).digest == load(OWN).digest
    assert load(OWN.replace("Speak", "Talk")).digest != load(OWN).digest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no part \\[system\\]"),
        (OWN.replace("[again]", "[agian]"), "has a part \\[agian\\], which is none of"),
        (OWN.replace("$caption", "caption"), "\\[user\\] lacks \\$caption"),
        (OWN.replace("$caption", "$caption $color"), "\\[user\\] has \\$color"),
        (OWN.replace("Speak.", "Speak for 5 $ a"), "lone \\$"),
    ],
)
def test_a_prompt_that_cannot_be_filled_in(load, text, problem):
    with pytest.raises(ConfigError, match=problem):
        load(text)


def test_a_prompt_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        Prompt.load(str(tmp_path / "none.txt"))
