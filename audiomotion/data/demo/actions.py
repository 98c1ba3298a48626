"""What can be done in the embedded data set: every action with its sides, ways, speeds, counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from audiomotion.data.demo import armwork, floor, leaps, legwork, locomotion, trunk
from audiomotion.data.demo.cue import Choreography
from audiomotion.data.demo.move import Move

SPEEDS = ("", "slow", "fast")
SIDES = ("left", "right")
ARMS = ("left", "right", "both")


@dataclass(frozen=True)
class Action:
    """The attributes that an action may have."""

    name: str
    choreography: Choreography
    sides: tuple[str, ...] = ("",)
    directions: tuple[str, ...] = ("",)
    speeds: tuple[str, ...] = SPEEDS
    counts: tuple[int, ...] = (0,)
    ends_standing: bool = True
    solo: bool = False
    """Too long, or not on two feet, to be one of two actions."""
    most_in_sequence: int = 2
    """Highest count as one of two actions."""
    kin: str = ""
    """Actions of one kin look alike one after the other."""

    def moves(self) -> Iterator[Move]:
        """Yield every combination of the attributes."""
        for values in product(self.sides, self.directions, self.speeds, self.counts):
            yield Move(self.name, *values)

    def may_be_in_sequence(self, move: Move) -> bool:
        """Whether `move` is short enough to be one of two actions."""
        slow_and_often = move.speed == "slow" and move.count > 1
        return not (self.solo or slow_and_often or move.count > self.most_in_sequence)


_FORWARD_BACKWARD = ("forward", "backward")
_EVEN_FAST = ("", "fast")

ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        Action("walk", locomotion.walk, directions=_FORWARD_BACKWARD, kin="travel"),
        Action("walk_circle", locomotion.walk_circle, directions=SIDES, solo=True, kin="travel"),
        Action("run", locomotion.run, directions=("forward",), speeds=_EVEN_FAST, kin="travel"),
        Action(
            "run_circle",
            locomotion.run_circle,
            directions=SIDES,
            speeds=_EVEN_FAST,
            solo=True,
            kin="travel",
        ),
        Action(
            "jog", locomotion.jog, directions=("place", "forward"), speeds=_EVEN_FAST, kin="travel"
        ),
        Action("march", locomotion.march, directions=("place", "forward"), kin="travel"),
        Action(
            "sneak", locomotion.sneak, directions=("forward",), speeds=("", "slow"), kin="travel"
        ),
        Action(
            "step",
            locomotion.take_steps,
            directions=_FORWARD_BACKWARD,
            speeds=("",),
            counts=(1, 2, 3),
            kin="travel",
        ),
        Action(
            "side_step", locomotion.side_step, directions=SIDES, counts=(1, 2, 3, 4), kin="travel"
        ),
        Action("turn", locomotion.turn, directions=SIDES, kin="turn"),
        Action("turn_around", locomotion.turn_around, directions=SIDES, kin="turn"),
        Action("spin", locomotion.spin, directions=SIDES, speeds=_EVEN_FAST, kin="turn"),
        Action(
            "jump",
            leaps.jump,
            directions=("up", *_FORWARD_BACKWARD, *SIDES),
            speeds=("",),
            counts=(1, 2, 3),
            kin="leap",
        ),
        Action(
            "hop",
            leaps.hop,
            sides=SIDES,
            directions=("place", "forward"),
            speeds=("",),
            counts=(2, 3, 4),
            kin="leap",
        ),
        Action(
            "jumping_jack", leaps.jumping_jack, speeds=_EVEN_FAST, counts=(1, 2, 3, 4), kin="leap"
        ),
        Action("kick", legwork.kick, sides=SIDES, counts=(1, 2, 3)),
        Action("side_kick", legwork.side_kick, sides=SIDES, speeds=("",), counts=(1, 2, 3)),
        Action("knee_raise", legwork.knee_raise, sides=SIDES, counts=(1, 2, 3)),
        Action("stomp", legwork.stomp, sides=SIDES, speeds=("",), counts=(1, 2, 3)),
        Action("squat", legwork.squat, counts=(1, 2, 3), kin="low"),
        Action(
            "lunge",
            legwork.lunge,
            sides=SIDES,
            speeds=("", "slow"),
            counts=(1, 2),
            most_in_sequence=1,
            kin="low",
        ),
        Action("crouch", legwork.crouch, ends_standing=False, kin="low"),
        Action("sit", legwork.sit, ends_standing=False, kin="low"),
        Action(
            "kneel", legwork.kneel, sides=SIDES, speeds=("", "slow"), ends_standing=False, kin="low"
        ),
        Action("balance", legwork.balance, sides=SIDES, speeds=("",)),
        Action("punch", armwork.punch, sides=SIDES, counts=(1, 2, 3)),
        Action("wave", armwork.wave, sides=ARMS),
        Action("raise_arm", armwork.raise_arm, sides=ARMS),
        Action("spread_arm", armwork.spread_arm, sides=ARMS),
        Action(
            "arm_circle",
            armwork.arm_circle,
            sides=ARMS,
            directions=_FORWARD_BACKWARD,
            speeds=("",),
            counts=(2, 3),
        ),
        Action(
            "clap",
            armwork.clap,
            directions=("front", "overhead"),
            speeds=_EVEN_FAST,
            counts=(2, 3, 4),
        ),
        Action(
            "throw",
            armwork.throw,
            sides=SIDES,
            directions=("overhand", "underhand"),
            speeds=_EVEN_FAST,
        ),
        Action("salute", armwork.salute, sides=SIDES),
        Action("point", armwork.point, sides=SIDES),
        Action("pick_up", trunk.pick_up, sides=SIDES),
        Action("stretch", trunk.stretch, directions=SIDES, speeds=("",), counts=(1, 2, 3)),
        Action("bow", trunk.bow, counts=(1, 2, 3)),
        Action("twist", trunk.twist, directions=SIDES, speeds=("",), counts=(1, 2, 3)),
        Action("crawl", floor.crawl, directions=_FORWARD_BACKWARD, solo=True, ends_standing=False),
    )
}


def may_follow(first: Move, second: Move) -> bool:
    """Whether `second` can follow `first` and be told from more of the same."""
    before, after = ACTIONS[first.action], ACTIONS[second.action]
    related = (before.kin or before.name) == (after.kin or after.name)
    same_way = (first.side, first.direction) == (second.side, second.direction)
    return before.ends_standing and not (related and same_way)
