from pathlib import Path

import pytest

from audiomotion.report.fairness.card import FairnessCard, fairness_card
from audiomotion.report.fairness.concerns import question
from tests.report.fairness.recorded import arm, run, trained

LARGE = {"parameters": 7_000_000, "compressor_parameters": 3_000_000}
SMALLER = "compressor.num_memory_tokens=7"
CONV = "compressor={name: conv1d}"
ENCODEC = "extractor={name: encodec, weights: random, random_size: tiny}"


def card(folder: Path, *arms, axis: str = "compressor") -> FairnessCard:
    return fairness_card(run(*arms, axis=axis), folder)


def test_arms_that_were_given_alike_earn_no_sentence(tmp_path: Path) -> None:
    found = card(tmp_path, arm(tmp_path, "a"), arm(tmp_path, "b", CONV))
    assert (found.warnings, found.inherent) == ([], [])


def test_compressors_of_another_kind_and_size(tmp_path: Path) -> None:
    other = arm(tmp_path, "b", CONV, facts=trained(LARGE))
    found = card(tmp_path, arm(tmp_path, "a"), other)
    assert found.warnings == [
        "The compressors of masked and residual differ in parameters by a factor of 3.0, above 2: "
        "1 M (a); 3 M (b)."
    ]
    assert found.inherent == []


def test_the_size_of_a_compressor_may_be_the_question(tmp_path: Path) -> None:
    other = arm(tmp_path, "b", SMALLER, facts=trained(LARGE))
    found = card(tmp_path, arm(tmp_path, "a"), other)
    assert found.warnings == []
    assert found.inherent[0].endswith("1 M (a); 3 M (b), as the axis asks.")


def test_wider_features_make_a_larger_compressor(tmp_path: Path) -> None:
    wide = arm(tmp_path, "b", ENCODEC, facts=trained(LARGE), frozen=0)
    found = card(tmp_path, arm(tmp_path, "a"), wide)
    assert found.warnings == []
    size, frozen = found.inherent
    assert size.endswith("it follows from the width of the features.")
    assert frozen == "Frozen parameters differ: 90 M (a); 0 (b), as the axis asks."


def test_no_compressor_at_all(tmp_path: Path) -> None:
    bare = trained({"parameters": 4_000_000, "compressor_parameters": 0})
    reads = arm(tmp_path, "text", "condition=text", facts=bare)
    found = card(tmp_path, arm(tmp_path, "audio"), reads)
    assert found.warnings == []
    assert found.inherent == [
        "No compressor in text: the encoder's vector is the condition, as the axis asks."
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"steps": 1000}, "Optimizer steps of masked and residual differ: 100 (a); 1,000 (b)."),
        ({"batch_size": 4}, "Batch sizes of masked and residual differ: 8 (a); 4 (b)."),
        ({"samples": 9}, "Samples seen of masked and residual differ: 800 (a); 9 (b)."),
        ({"num_examples": 70}, "Training clips of masked and residual differ: 80 (a); 70 (b)."),
        (
            {"num_instructions": 80},
            "Instructions of the training clips of masked and residual differ: 240 (a); 80 (b).",
        ),
    ],
)
def test_another_training_or_other_data(tmp_path: Path, given, sentence: str) -> None:
    other = arm(tmp_path, "b", CONV, facts=trained(**given))
    found = card(tmp_path, arm(tmp_path, "a"), other)
    assert (found.warnings, found.inherent) == ([sentence], [])


def test_the_length_of_a_training_may_be_the_question(tmp_path: Path) -> None:
    longer = arm(tmp_path, "b", "masked.training.max_steps=77", facts=trained(steps=77))
    found = card(tmp_path, arm(tmp_path, "a"), longer)
    assert found.warnings == []
    assert found.inherent[0].endswith("100 (a); 77 (b), as the axis asks.")


def test_what_is_bundled_with_the_question_is_not_the_question(tmp_path: Path) -> None:
    pure = arm(tmp_path, "pure", CONV)
    bundle = arm(tmp_path, "bundle", CONV, "masked.training.max_steps=77", facts=trained(steps=77))
    found = card(tmp_path, arm(tmp_path, "a"), pure, bundle)
    assert found.inherent == []
    assert found.warnings == [
        "Optimizer steps of masked and residual differ: 100 (a, pure); 77 (bundle)."
    ]


def test_another_rule_for_the_checkpoint(tmp_path: Path) -> None:
    chooses = arm(tmp_path, "b", CONV, "masked.training.keep=best-fid")
    found = card(tmp_path, arm(tmp_path, "a"), chooses)
    assert found.warnings == [
        "Another rule chooses the checkpoint of masked: last (a); best-fid (b)."
    ]


def test_a_random_encoder_beside_a_pre_trained_one(tmp_path: Path) -> None:
    arms = [
        arm(tmp_path, "wavlm", weights="microsoft/wavlm-base-plus"),
        arm(tmp_path, "encodec", ENCODEC, weights="random (tiny)"),
        arm(tmp_path, "log-mel", "extractor={name: log-mel}", weights="none"),
    ]
    assert card(tmp_path, *arms).warnings == [
        "Encoder weights are pre-trained in some arms, random in others: pre-trained (wavlm); "
        "random (encodec); without weights (log-mel)."
    ]
    assert card(tmp_path, arms[0], arms[2]).warnings == []


def test_pre_training_itself_may_be_the_question(tmp_path: Path) -> None:
    one = arm(tmp_path, "random", ENCODEC, weights="random (tiny)")
    published = "extractor={name: encodec, weights: somewhere/encodec}"
    other = arm(tmp_path, "trained", published, weights="somewhere/encodec")
    found = card(tmp_path, one, other)
    assert found.warnings == []
    assert found.inherent[0].startswith("Encoder weights are pre-trained in some arms")


def test_frozen_parameters_beside_the_question(tmp_path: Path) -> None:
    found = card(tmp_path, arm(tmp_path, "a"), arm(tmp_path, "b", CONV, frozen=1000))
    assert found.warnings == ["Frozen parameters differ: 90 M (a); 1 k (b)."]


def test_two_evaluators(tmp_path: Path) -> None:
    found = card(tmp_path, arm(tmp_path, "a"), arm(tmp_path, "b", CONV, evaluator="two"))
    assert found.warnings == [
        "Different evaluators measure the arms, so their figures do not compare: "
        "evaluator 1 (a); evaluator 2 (b)."
    ]


def test_parts_that_one_arm_trains_and_another_takes(tmp_path: Path) -> None:
    found = card(tmp_path, arm(tmp_path, "a"), arm(tmp_path, "b", "rvq=official"))
    assert found.warnings == [
        "Not every arm trains rvq here: trained here (a); published weights (b)."
    ]


def test_failed_seeds(tmp_path: Path) -> None:
    arms = [
        arm(tmp_path, "a", seed=seed, status="failed" if seed else "done") for seed in (0, 1, 2)
    ]
    found = card(tmp_path, *arms, arm(tmp_path, "b", CONV))
    assert found.warnings == ["Seeds without a result: a 2 of 3."]
    assert found.arms[0].num_failed == 2


def test_another_transformer(tmp_path: Path) -> None:
    larger = trained({"parameters": 9_000_000, "compressor_parameters": 1_000_000})
    asked = card(
        tmp_path, arm(tmp_path, "a"), arm(tmp_path, "b", "masked.num_layers=3", facts=larger)
    )
    assert asked.warnings == []
    assert asked.inherent[0] == (
        "masked without its compressor differs in parameters: 4 M (a); 8 M (b), as the axis asks."
    )
    beside = card(tmp_path, arm(tmp_path, "a"), arm(tmp_path, "c", CONV, facts=larger))
    assert beside.warnings[0].startswith("masked without its compressor differs in parameters")


def test_the_question_of_a_cross_product_is_that_of_both_axes(tmp_path: Path) -> None:
    record = run(
        *(
            arm(tmp_path, name, *sets)
            for name, sets in (("a", ()), ("b", (CONV,)), ("c", (ENCODEC,)), ("d", (CONV, ENCODEC)))
        )
    )
    asked = question(record)
    assert asked.concerns == {"compressor", "encoder"}
    assert asked.asks("encoder", "data") and not asked.asks("data", "training")
    assert "compressor.name" in asked.keys and "extractor.name" in asked.keys
    assert question(run(arm(tmp_path, "a"))).concerns == frozenset()
