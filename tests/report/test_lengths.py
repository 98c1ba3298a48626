from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from audiomotion.report.length_plots import draw_lengths
from audiomotion.report.lengths import Distribution, Lengths


def lengths(**variants: Distribution) -> Lengths:
    frames = Distribution(np.arange(1.0, 101.0))
    return Lengths(
        dataset="kit",
        extractor="wavlm",
        frame_hz=50.0,
        clip_seconds=Distribution(np.array([2.0, 2.5, 9.75])),
        caption_words={"original": frames},
        audio_seconds=variants,
        feature_frames=variants,
    )


def test_figures_of_a_distribution() -> None:
    record = Distribution(np.arange(1.0, 101.0)).record()
    assert (record["count"], record["mean"], record["min"], record["max"]) == (100, 50.5, 1, 100)
    assert record["percentiles"]["50"] == 50.5
    assert sum(record["histogram"]["counts"]) == 100


@pytest.mark.parametrize("values", [[3.0], [2.5, 2.5], [1.0, 4000.0], [0.1, 7.3]])
def test_every_value_is_in_a_bin(values: list[float]) -> None:
    distribution = Distribution(np.array(values))
    record = distribution.record()
    assert sum(record["histogram"]["counts"]) == len(values)
    assert 1 <= len(record["histogram"]["counts"]) <= 49


def test_small_whole_numbers_have_a_bin_each() -> None:
    histogram = Distribution(np.array([3.0, 3.0, 5.0])).record()["histogram"]
    assert histogram == {"edges": [2.5, 3.5, 4.5, 5.5], "counts": [2, 0, 1]}


def test_bins_hold_the_other_variant_too() -> None:
    few, many = Distribution(np.array([3.0])), Distribution(np.array([1.0, 30.0]))
    bins = few.bins([many])
    assert bins[0] < 1 and bins[-1] > 30


def test_pictures_have_what_was_measured(tmp_path: Path) -> None:
    (only,) = draw_lengths(lengths(), tmp_path)
    assert only.name == "lengths.png"
    oral = Distribution(np.random.default_rng(0).normal(60, 20, 500).round())
    drawn = draw_lengths(lengths(original=Distribution(np.arange(1.0, 101.0)), oral=oral), tmp_path)
    assert [path.name for path in drawn] == ["lengths.png", "feature-lengths.png"]
    blue, orange = np.array([0, 114, 178]) / 255, np.array([213, 94, 0]) / 255
    pixels = image.imread(drawn[1])[..., :3].reshape(-1, 3)
    for colour in (blue, orange):
        assert (np.abs(pixels - colour).max(axis=1) < 0.02).sum() > 100
