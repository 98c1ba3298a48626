import pytest

from audiomotion.bench.timing import Measurement, Spread, Timed, compare, measure


class Clock:
    """Stands still but for what is run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.order: list[str] = []
        monkeypatch.setattr("time.perf_counter", lambda: self.now)

    def timed(self, name: str, seconds: list[float], units: float = 10) -> Timed:
        left = list(seconds)

        def run() -> float:
            self.order.append(name)
            self.now += left.pop(0)
            return units

        def prepare() -> None:
            self.now += 1000  # not counted

        return Timed(name, run, prepare)


def test_the_first_run_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    found = measure(clock.timed("a", [100, 1, 2, 5, 10, 20]), "frames", repeats=5)
    assert found.rate == Spread(2.0, 0.5, 10.0)
    assert (found.name, found.unit, found.ratio, found.reached) == ("a", "frames", None, None)


def test_both_run_in_turn_and_the_ratio_is_of_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    ours = clock.timed("ours", [9, 2, 4, 8, 16, 20])
    best = clock.timed("best", [9, 1, 2, 4, 8, 5])
    found = compare(ours, best, "frames", 5, target=0.5)
    assert clock.order == [
        *("ours", "best"), *("ours", "best"), *("best", "ours"), *("ours", "best"),
        *("best", "ours"), *("ours", "best"),
    ]  # fmt: skip
    assert found.rate == Spread(10 / 8, 0.5, 5.0)
    assert found.against_rate == Spread(10 / 4, 10 / 8, 10.0)
    assert found.ratio == Spread(0.5, 0.25, 0.5)
    assert found.reached


@pytest.mark.parametrize(("ratio", "reached"), [(0.89, False), (0.9, True), (1.2, True)])
def test_the_median_decides(ratio: float, reached: bool) -> None:
    spread = Spread(ratio, 0.1, 2.0)
    assert Measurement("a", "b", spread, "c", spread, spread, target=0.9).reached is reached


def test_few_measurements_are_refused() -> None:
    with pytest.raises(AssertionError, match="4 measurements"):
        Spread.of([1.0, 2.0, 3.0, 4.0])
