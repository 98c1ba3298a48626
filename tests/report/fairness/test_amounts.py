import pytest

from audiomotion.report.fairness.amounts import amount, duration, memory


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1 k"),
        (12_345, "12.3 k"),
        (999_600, "1 M"),
        (4.2e15, "4.2 P"),
        (3e20, "300 E"),
        (None, "not recorded"),
    ],
)
def test_amounts(value, said):
    assert amount(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 s"),
        (0.54, "0.54 s"),
        (20, "20 s"),
        (150, "2.5 min"),
        (7200, "2 h"),
        (None, "not recorded"),
    ],
)
def test_durations(seconds, said):
    assert duration(seconds) == said


def test_memory():
    assert (memory(512), memory(1_250_000_000), memory(None)) == (
        "512 B",
        "1.25 GB",
        "not recorded",
    )
