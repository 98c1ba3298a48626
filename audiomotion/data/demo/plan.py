"""Which combinations are performed, in which split: test holds some that training never sees."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product
from typing import TypeVar

import numpy as np

from audiomotion.data.demo.actions import ACTIONS, may_follow
from audiomotion.data.demo.move import Move

Moves = tuple[Move, ...]
_Item = TypeVar("_Item")

TEST_SHARE, VAL_SHARE = 0.15, 0.05
SMALLEST_TEST = 32
"""A pool of R-precision; a small data set gives more than its share to the test split."""

_SINGLE_SHARE = 0.55
_HELD_OUT_SINGLE_SHARE = 0.4
_HELD_OUT_OF_ACTION = 4
"""At most one in so many combinations of an action is kept from training."""


@dataclass(frozen=True)
class PlannedClip:
    """What a clip shows, and where it belongs."""

    split: str
    moves: Moves

    @property
    def group(self) -> str:
        """The combination in one string, such as `walk/forward>kick/left/fast/2`."""
        return ">".join(map(str, self.moves))


def plan_clips(num_clips: int, rng: np.random.Generator) -> list[PlannedClip]:
    """Choose the combinations of `num_clips` clips: train, then val, then test.

    No combination is in two splits. Those of val and test are made of actions, sides, ways, speeds
    and counts that training has, combined as it never sees them.
    """
    num_test = max(SMALLEST_TEST, round(TEST_SHARE * num_clips))
    num_val = round(VAL_SHARE * num_clips)
    num_train = num_clips - num_test - num_val
    num_held = num_test + num_val
    singles = _shuffled([move for action in ACTIONS.values() for move in action.moves()], rng)
    held = _held_out(singles, round(_HELD_OUT_SINGLE_SHARE * num_held))
    num_singles = round(_SINGLE_SHARE * num_train)
    train = list(islice(_covering(move for move in singles if move not in held), num_singles))
    pairs = _pairs(set(train), rng)
    seen = frozenset[str]().union(*(move.atoms for move in train))
    unseen = [(move,) for move in held if move.atoms <= seen]
    spare = pairs[: num_held - len(unseen)]
    held_clips = _shuffled([*unseen, *spare][:num_held], rng)
    train_pairs = islice(cycle(pairs[len(spare) :]), num_train - num_singles)
    train_clips = _shuffled([*((move,) for move in train), *train_pairs], rng)
    splits = {
        "train": train_clips,
        "val": list(islice(cycle(held_clips[num_test:]), num_val)),
        "test": held_clips[:num_test],
    }
    return [PlannedClip(split, moves) for split, clips in splits.items() for moves in clips]


def _shuffled(items: Sequence[_Item], rng: np.random.Generator) -> list[_Item]:
    return [items[index] for index in rng.permutation(len(items))]


def _held_out(singles: Sequence[Move], wanted: int) -> list[Move]:
    """Keep up to `wanted` moves from training whose every attribute stays in it."""
    left = Counter(atom for move in singles for atom in move.atoms)
    quota = Counter(move.action for move in singles)
    quota = Counter({name: number // _HELD_OUT_OF_ACTION for name, number in quota.items()})
    held: list[Move] = []
    for move in singles:
        if len(held) < wanted and quota[move.action] and min(left[a] for a in move.atoms) > 1:
            held.append(move)
            quota[move.action] -= 1
            left.subtract(move.atoms)
    return held


def _covering(moves: Iterable[Move]) -> Iterator[Move]:
    """Yield moves for ever, the actions in turn, those with attributes not yet seen first."""
    by_action: dict[str, list[Move]] = defaultdict(list)
    # Those that can be in a sequence come first: a small data set has few pairs to choose from.
    for move in sorted(moves, key=lambda move: ACTIONS[move.action].solo):
        by_action[move.action].append(move)
    decks = {name: cycle(_newest_first(own)) for name, own in by_action.items()}
    longest = max(map(len, by_action.values()))
    # Once round, every move comes once; only then does an action with few of them repeat.
    for turn in range(longest):
        yield from (next(decks[name]) for name, own in by_action.items() if turn < len(own))
    while True:
        yield from map(next, decks.values())


def _newest_first(moves: list[Move]) -> list[Move]:
    ordered, seen, left = [], set[str](), list(moves)
    while left:
        best = max(left, key=lambda move: (len(move.atoms - seen), _is_short(move)))
        left.remove(best)
        ordered.append(best)
        seen |= best.atoms
    return ordered


def _is_short(move: Move) -> bool:
    return ACTIONS[move.action].may_be_in_sequence(move)


def _pairs(known: set[Move], rng: np.random.Generator) -> list[Moves]:
    """Order all sequences of two known moves by chance, each pair of actions being as likely."""
    moves = (move for action in ACTIONS.values() for move in action.moves())
    pool = [move for move in moves if move in known and _is_short(move)]
    pairs = [pair for pair in product(pool, pool) if may_follow(*pair)]
    share = Counter(move.action for move in pool)
    weights = np.array([share[first.action] * share[second.action] for first, second in pairs])
    return [pairs[index] for index in np.argsort(rng.exponential(size=len(pairs)) * weights)]
