from typing import ClassVar, Literal

import pytest

from audiomotion.config.text_encoders import TextEncoderSchema
from audiomotion.errors import ModelError
from audiomotion.extract.text import build_text_encoder


class NotAnEncoderConfig(TextEncoderSchema):
    implementation: ClassVar[str] = "tests.extract.test_text:NotAnEncoder"
    name: Literal["not-an-encoder"] = "not-an-encoder"


class NotAnEncoder:
    def __init__(self, config, device):
        pass


def test_a_class_that_is_no_text_encoder_is_refused():
    config = NotAnEncoderConfig()
    assert config.weights_label == "none"
    with pytest.raises(ModelError, match=r"not-an-encoder.*derive it from"):
        build_text_encoder(config)
