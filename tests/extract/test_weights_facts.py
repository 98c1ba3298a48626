import logging
import subprocess
import sys

from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.text_encoders import TEXT_ENCODERS
from audiomotion.extract.weights_facts import PUBLISHED_WEIGHTS, log_licence, weights_facts


def test_every_default_has_facts():
    for name, schema in {**EXTRACTORS.schemas, **TEXT_ENCODERS.schemas}.items():
        if issubclass(schema, PretrainedSchema) and schema.__module__.startswith("audiomotion."):
            facts = weights_facts(schema.model_fields["weights"].default)
            assert facts is not None
            assert facts.part == name


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
    (message,) = warned
    assert "imagebind_huge.pth: CC BY-NC-SA 4.0, NO commercial use" in message


def test_facts_come_without_torch():
    code = (
        "import sys, audiomotion.extract.weights_facts; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
