import pytest

from audiomotion.config.runtime import Resources
from audiomotion.orchestrate.placement import Node, Room, asked_for

SMALL = Node("small", "s", cpus=2, memory_gb=8)
LARGE = Node("large", "l", cpus=8, memory_gb=64)
TWO_GPUS = Node("gpus", "g", cpus=8, gpus=2, memory_gb=64, accelerator="H100")


@pytest.fixture
def room():
    room = Room()
    room.update([SMALL, LARGE, TWO_GPUS])
    return room


def place(room, key, **asked):
    node = room.place(key, Resources(**asked))
    return node and node.id


def test_a_stage_goes_where_most_is_free_and_leaves_gpus_to_others(room):
    assert [place(room, key, cpus=1) for key in range(6)] == ["large"] * 6
    assert [place(room, key, cpus=2) for key in range(6, 12)] == [
        "small",
        "large",
        "gpus",
        "gpus",
        "gpus",
        "gpus",
    ]
    assert place(room, "more", cpus=1) is None


def test_what_is_given_back_is_free_again(room):
    assert place(room, "a", cpus=8, gpus=1) == "gpus"
    assert place(room, "b", cpus=1, gpus=1) is None
    room.release("a")
    assert place(room, "b", cpus=1, gpus=1) == "gpus"
    room.release("b")
    room.release("b")
    assert room.num_held == 0


def test_shares_fill_one_gpu_before_another_is_begun(room):
    assert [place(room, key, cpus=1, gpus=0.4) for key in "abc"] == ["gpus"] * 3
    # 0.2 and 0.6 of a GPU are free: together 0.8, but on two cards.
    assert place(room, "d", cpus=1, gpus=0.8) is None
    assert place(room, "e", cpus=1, gpus=0.6) == "gpus"
    assert place(room, "f", cpus=1, gpus=0.2) == "gpus"
    assert place(room, "g", cpus=1, gpus=0.1) is None


def test_whole_gpus_are_not_made_of_shares(room):
    assert place(room, "a", cpus=1, gpus=0.1) == "gpus"
    assert place(room, "b", cpus=1, gpus=2) is None
    assert place(room, "c", cpus=1, gpus=1) == "gpus"


def test_memory_and_kind_of_gpu_are_kept_to(room):
    assert place(room, "a", memory_gb=40) == "large"
    assert place(room, "b", memory_gb=40) == "gpus"
    assert place(room, "c", memory_gb=40) is None
    assert place(room, "d", accelerator="H100", gpus=0.5) == "gpus"
    assert not room.could_hold(Resources(accelerator="A100", gpus=0.5))
    assert not room.could_hold(Resources(memory_gb=65))
    assert not room.could_hold(Resources(gpus=3))
    assert room.could_hold(Resources(gpus=2, cpus=8))


def test_a_node_to_avoid_is_the_last_choice(room):
    one = Resources(cpus=8)
    assert room.place("a", one, avoid=["large"]).id == "gpus"
    assert room.place("b", one, avoid=["large"]).id == "large"
    assert room.place("c", Resources(), closed=["small"]) is None


def test_nodes_come_and_go(room):
    assert place(room, "a", cpus=8) == "large"
    room.update([SMALL])
    assert room.has_lost_nodes
    assert room.num_held == 1  # until its task is known to be lost
    room.release("a")
    assert not room.could_hold(Resources(cpus=8))
    room.update([SMALL, LARGE])
    assert place(room, "b", cpus=8) == "large"


def test_a_stage_alone_waits_for_an_empty_node_and_fills_it():
    room = Room()
    room.update([SMALL])
    asked = Resources(cpus=1)
    assert place(room, "a", cpus=1) == "small"
    assert room.place_alone("b", asked) is None
    assert room.to_empty(asked) == ["small"]
    room.release("a")
    assert room.place_alone("b", asked).id == "small"
    assert place(room, "c", cpus=0.1) is None


def test_several_workers_get_all_their_places_or_none(room):
    asked = Resources(cpus=2, num_workers=9)
    assert room.could_hold(asked)
    assert room.place("a", asked).id == "large"
    assert room.num_held == 1
    assert place(room, "b", cpus=0.1) is None
    room.release("a")
    assert place(room, "b", cpus=0.1) == "large"
    assert room.could_hold(asked)
    assert room.place("a", asked) is None
    assert room.node_of("a") is None
    assert place(room, "c", cpus=8) == "gpus"  # nothing is held by those that did not fit
    assert not room.could_hold(asked.model_copy(update={"num_workers": 10}))


def test_several_workers_with_a_gpu_each(room):
    assert room.place("a", Resources(gpus=1, num_workers=2)).id == "gpus"
    assert place(room, "b", gpus=0.1) is None
    assert not room.could_hold(Resources(gpus=1, num_workers=3))


def test_several_workers_alone_wait_for_empty_nodes_and_fill_them(room):
    asked = Resources(cpus=5, num_workers=2)
    assert place(room, "a", cpus=1) == "large"
    assert room.place_alone("b", asked) is None
    assert set(room.to_empty(asked)) == {"large", "gpus"}
    room.release("a")
    assert room.place_alone("b", asked) is not None
    assert place(room, "c", cpus=1) == "small"
    assert place(room, "d", cpus=3) is None
    room.release("b")
    assert place(room, "d", cpus=8) == "large"


def test_what_is_asked_in_words():
    several = Resources(cpus=4, gpus=1, num_workers=2)
    assert asked_for(several) == "2 workers with 4 CPU cores, 1 GPUs each"
    asked = Resources(cpus=4, gpus=0.5, accelerator="H100", memory_gb=16)
    assert asked_for(asked) == "4 CPU cores, 0.5 GPUs H100, 16 GB"
    assert str(TWO_GPUS) == "g: 8 CPU cores, 2 GPUs H100, 64 GB"
