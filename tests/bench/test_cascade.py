import json
from pathlib import Path

import numpy as np
import pytest

from audiomotion.bench.cascade import CASCADED, END_TO_END, CascadeBench, CascadeSize, Spoken
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import resolve
from tests.cli.command_line import TINY, amx

SMALL = CascadeSize(rounds=5, batch_sizes=(1, 2), num_tokens=10)
SHARED = ["compressing", "masked", "residual", "decoding"]


def experiment(*sets: str) -> Experiment:
    return resolve(TINY, sets=sets, weights="random")[0].experiment


def test_both_systems_are_timed_part_by_part_and_nothing_is_left(tmp_path: Path) -> None:
    cascade = experiment("condition=text", "test_text=transcripts")
    bench = CascadeBench(experiment(), cascade, SMALL, "cpu", tmp_path)
    rounds: list[tuple[int, int]] = []
    (speeds, ratio), (batched, _) = bench.measure(lambda *round_: rounds.append(round_))
    assert rounds == [(size, number) for size in (1, 2) for number in range(6)]
    assert [(one.system, one.batch_size) for one in (*speeds, *batched)] == [
        (END_TO_END, 1), (CASCADED, 1), (END_TO_END, 2), (CASCADED, 2),
    ]  # fmt: skip
    assert list(speeds[0].parts) == ["extracting", *SHARED]
    assert list(speeds[1].parts) == ["recognising", "encoding text", *SHARED]
    for one in (*speeds, *batched):
        assert one.rounds == len(one.values) == 5 and one.half_width > 0
        assert 1 / one.samples_per_second == pytest.approx(np.mean([1 / v for v in one.values]))
        # The parts are in the whole, and make up most of it.
        seconds = np.mean([1 / value for value in one.values])
        assert 0.5 * seconds < sum(one.parts.values()) <= seconds
    pairs = zip(speeds[0].values, speeds[1].values, strict=True)
    assert ratio.mean == pytest.approx(np.mean([own / other for own, other in pairs]))
    assert bench.loading_seconds.keys() == {END_TO_END, CASCADED}
    assert list(tmp_path.iterdir()) == []


def test_a_transcript_has_as_many_tokens_as_was_said_and_an_end() -> None:
    spoken = Spoken(np.zeros(1, np.float32), "jump, then walk")
    assert spoken.num_transcript_tokens == 5


def test_the_command_keeps_what_table_4_shows(tmp_path: Path) -> None:
    ended = amx("bench", "cascade", "--quick", "--store", tmp_path, "--json", "--batch-size", "1")
    assert ended.code == 0, ended.err
    printed = json.loads(ended.out)
    assert printed["quick"] and [one["batch_size"] for one in printed["speeds"]] == [1, 1]
    assert all("random (tiny)" in label for label in printed["weights"].values())
    (path,) = (tmp_path / "benchmarks").iterdir()
    shown = amx("table", "4", "--store", tmp_path, "--json")
    cells = [cell for cell in json.loads(shown.out)["cells"] if "mean" in cell]
    assert {cell["artifacts"] for cell in cells} == {f"benchmarks/{path.name}"}
    assert "sizes: tiny" in cells[0]["verdict_reason"]
    assert f"from benchmark benchmarks/{path.name}" in shown.err
