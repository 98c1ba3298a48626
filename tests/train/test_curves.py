import math

from audiomotion.train.curves import Curves, read_curves


def test_points_come_back_as_they_were_added(tmp_path):
    curves = Curves(tmp_path / "curves.jsonl")
    curves.add(10, {"loss": 0.5, "accuracy": 0.25})
    curves.add(20, {"loss": 1e-9, "accuracy": 1.0})
    assert read_curves(curves.path) == [
        {"step": 10, "loss": 0.5, "accuracy": 0.25},
        {"step": 20, "loss": 1e-9, "accuracy": 1.0},
    ]


def test_no_file_is_no_points(tmp_path):
    assert read_curves(tmp_path / "curves.jsonl") == []


def test_rewinding_drops_later_points_and_keeps_the_step_itself(tmp_path):
    curves = Curves(tmp_path / "curves.jsonl")
    for step in (10, 20, 30):
        curves.add(step, {"loss": step})
    curves.rewind(20)
    curves.add(30, {"loss": 0.0})
    assert [(point["step"], point["loss"]) for point in read_curves(curves.path)] == [
        (10, 10),
        (20, 20),
        (30, 0),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["curves.jsonl"]


def test_a_line_torn_by_a_crash_is_dropped_at_any_length(tmp_path):
    curves = Curves(tmp_path / "curves.jsonl")
    curves.add(10, {"loss": 0.5})
    whole = curves.path.read_text()
    curves.add(20, {"loss": 0.25})
    both = curves.path.read_text()
    for length in range(len(whole), len(both) - 1):
        curves.path.write_text(both[:length])
        torn = length < len(both) - 1
        assert len(read_curves(curves.path)) == (1 if torn else 2)
        curves.rewind(20)
        curves.add(20, {"loss": 0.125})
        assert [point["loss"] for point in read_curves(curves.path)][-1] == 0.125


def test_a_loss_that_is_no_number_can_be_plotted(tmp_path):
    curves = Curves(tmp_path / "curves.jsonl")
    curves.add(10, {"loss": 0.5, "perplexity": math.nan})
    assert math.isnan(read_curves(curves.path)[0]["perplexity"])
