from audiomotion.orchestrate.noting import Notes


def fail():
    raise AssertionError("asked for twice")


def test_a_note_is_made_once_also_by_the_next_attempt(tmp_path):
    notes = Notes(tmp_path / "notes.json")
    notes.note("model", lambda: {"parameters": 3})
    notes.note("model", fail)
    again = Notes(tmp_path / "notes.json")
    again.note("model", fail)
    again.note("training", lambda: {"steps": 2})
    wanted = {"model": {"parameters": 3}, "training": {"steps": 2}}
    assert again.all == Notes(tmp_path / "notes.json").all == wanted


def test_damaged_notes_are_made_anew(tmp_path):
    path = tmp_path / "notes.json"
    path.write_text('{"model": {"par')
    notes = Notes(path)
    notes.note("model", lambda: {"parameters": 3})
    assert notes.all == Notes(path).all == {"model": {"parameters": 3}}
