import pytest

from audiomotion.cli.durations import spoken_hours, spoken_seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.42, "0.4 s"),
        (12.4, "12 s"),
        (200, "3 min 20 s"),
        (120, "2 min"),
        (5 * 3600 + 420, "5 h 7 min"),
        (7200, "2 h"),
        (1000 * 3600 + 420, "1000 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert spoken_seconds(seconds) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0, "0 GPU-hours"), (1, "1 GPU-hour"), (1.54, "1.5 GPU-hours"), (1234.5, "1234 GPU-hours")],
)
def test_hours(hours: float, text: str) -> None:
    assert spoken_hours(hours, "GPU-hour") == text
