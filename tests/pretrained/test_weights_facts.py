import logging
import subprocess
import sys

from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.recognizers import RecognizerConfig
from audiomotion.config.speech import SPEECH
from audiomotion.config.text_encoders import TEXT_ENCODERS
from audiomotion.pretrained.weights_facts import PUBLISHED_WEIGHTS, log_licence, weights_facts


def test_every_default_has_facts():
    for name, schema in {**EXTRACTORS.schemas, **TEXT_ENCODERS.schemas}.items():
        if issubclass(schema, PretrainedSchema) and schema.__module__.startswith("audiomotion."):
            facts = weights_facts(schema.model_fields["weights"].default)
            assert facts is not None
            assert facts.part == name


def test_the_recognizer_has_facts():
    facts = weights_facts(RecognizerConfig.model_fields["weights"].default)
    assert facts is not None and facts.part == RecognizerConfig.model_fields["name"].default


def test_every_default_synthesizer_has_facts():
    named = {
        (name, schema.model_fields[key].default)
        for name, schema in SPEECH.schemas.items()
        for key in ("weights", "vocoder")
        if key in schema.model_fields
    }
    assert named == {
        (facts.part, facts.weights) for facts in PUBLISHED_WEIGHTS if facts.part in SPEECH.schemas
    }


def test_facts_are_complete():
    for facts in PUBLISHED_WEIGHTS:
        assert facts.licence
        assert facts.megabytes > 0
        assert facts.source.startswith("https://")
    assert weights_facts("somebody/else") is None


def test_forbidden_commercial_use_is_a_warning(caplog):
    with caplog.at_level(logging.INFO):
        for facts in PUBLISHED_WEIGHTS:
            log_licence(facts)
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 2
    assert "facebook/mms-tts-eng: CC BY-NC 4.0, NO commercial use" in warned[0]
    assert "imagebind_huge.pth: CC BY-NC-SA 4.0, NO commercial use" in warned[1]


def test_facts_come_without_torch():
    code = (
        "import sys, audiomotion.pretrained.weights_facts; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
