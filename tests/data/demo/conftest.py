from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from audiomotion.config.datasets import DemoConfig
from audiomotion.data.dataset import RawDataset
from audiomotion.data.demo.actions import ACTIONS
from audiomotion.data.demo.build import build_demo
from audiomotion.data.demo.move import Move
from audiomotion.data.demo.performance import perform


@pytest.fixture(scope="session")
def demo() -> RawDataset:
    return build_demo(DemoConfig(), None, lambda done, total: None)


@pytest.fixture(scope="session")
def all_moves() -> list[Move]:
    return [move for action in ACTIONS.values() for move in action.moves()]


@pytest.fixture(scope="session")
def performed() -> Callable[..., np.ndarray]:
    """Joints of one performance of one move; each is made once."""

    @cache
    def play(move: Move, seed: int = 0) -> np.ndarray:
        return perform([move], np.random.default_rng(seed))

    return play
