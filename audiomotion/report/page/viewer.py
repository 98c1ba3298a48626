"""The section of a report in which the arms move side by side, and the instruction is heard."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from audiomotion.orchestrate.records import ArmRecord
from audiomotion.report.page.audio import audio_uri
from audiomotion.report.page.motions import described, packed, skeleton_record
from audiomotion.report.page.scenes import Answer, Scene
from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import rendered
from audiomotion.report.page.wordings import Spoken, Wording

REAL_KEY: Final = ""
"""Where the viewer finds the real motion among the arms' answers; no arm has this name."""
_REAL: Final = "real motion"
_SAID: Final = {"original": "as written in the data set", "oral": "as people speak"}

_INTRO: Final = (
    "The same instruction, answered by every arm, beside the motion that was recorded for it. "
    "These clips were chosen by their place in the measured split, not by how they came out."
)


def viewer_section(
    scenes: Sequence[Scene], arms: Mapping[str, ArmRecord], artifacts: Path
) -> Section | None:
    """Return the section; None where no arm kept a motion to look at.

    Args:
        scenes: What is shown.
        arms: Arm and seed that each name stands for.
        artifacts: Folder `artifacts` of the store, with the audio of the scenes.
    """
    if not scenes:
        return None
    about = {name: _about(arm) for name, arm in arms.items()}
    alike = [
        words for words in next(iter(about.values())) if all(words in own for own in about.values())
    ]
    panels = [{"key": REAL_KEY, "name": _REAL, "about": "what the instruction was written for"}]
    panels += [
        {
            "key": name,
            "name": name,
            "about": "; ".join(words for words in own if words not in alike),
        }
        for name, own in about.items()
    ]
    html = rendered(
        "viewer",
        intro=f"{_INTRO} Every arm: {'; '.join(alike)}." if alike else _INTRO,
        scenes=[_shown(scene, artifacts) for scene in scenes],
        panels=[{**panel, "is_real": panel["key"] == REAL_KEY} for panel in panels],
        data=_data(scenes),
    )
    return Section("motions", "Motions", html)


def files_of(scenes: Sequence[Scene]) -> dict[str, list[str]]:
    """Return the audio files that scenes need, by the fingerprint of the stage that spoke them."""
    found: dict[str, list[str]] = {}
    for spoken in (one.spoken for scene in scenes for one in scene.wordings):
        if spoken is not None:
            found.setdefault(spoken.speech, []).append(spoken.file)
    return found


def _about(arm: ArmRecord) -> list[str]:
    """Return what a reader must know of an arm to judge its motion."""
    source = "hears" if arm.experiment["condition"] == "audio" else "reads"
    if arm.experiment["test_text"] == "transcripts":
        source = "reads what a recognizer hears of"
    said = [
        f"{source} the instruction",
        f"trained on {arm.experiment['train_variant']} captions",
        f"seed {arm.seed}",
    ]
    return [*said, f"encoder: {arm.weights}"] if source == "hears" else said


def _shown(scene: Scene, artifacts: Path) -> dict[str, Any]:
    """Return what the template says of a scene."""
    words = [(_REAL, described(scene.real, scene.skeleton))]
    words += [
        (name, _with_note(described(answer.joints, scene.skeleton), _note(answer, scene)))
        for name, answer in scene.answers.items()
    ]
    wordings = [
        {
            "text": wording.text,
            "label": _label(wording, place),
            "uri": _uri(wording.spoken, artifacts),
        }
        for place, wording in enumerate(scene.wordings)
    ]
    return {"told": scene.wordings[0].text, "wordings": wordings, "words": words}


def _label(wording: Wording, place: int) -> str:
    """Return what an instruction is: what the arms got, or the same in other words."""
    said = f"{wording.variant} instruction, {_SAID[wording.variant]}"
    if place:
        said += "; beside it, for comparison"
    if wording.spoken is None:
        return f"{said}; not spoken in this launch"
    spoken = wording.spoken
    return f"{said}; {spoken.seconds:.1f} s, voice {spoken.voice} ({spoken.backend})"


def _uri(spoken: Spoken | None, artifacts: Path) -> Markup:
    """Return the audio; empty where there is none."""
    if spoken is None:
        return Markup("")
    # Letters, digits and +/= only: nothing to escape in what may be a hundred thousand of them.
    return Markup(audio_uri(artifacts / "speak" / spoken.speech / spoken.file))


def _note(answer: Answer, scene: Scene) -> str:
    """Return how an arm was asked, where that is not how the scene says."""
    if answer.heard:
        return f"heard: “{answer.heard}”"
    if answer.asked != scene.wordings[0]:
        return f"asked: “{answer.asked.text}”"
    return ""


def _with_note(words: str, note: str) -> str:
    return f"{words}; {note}" if note else words


def _data(scenes: Sequence[Scene]) -> Markup:
    """Return everything that the script reads, as JSON that cannot end its element."""
    content = {
        "skeletons": {scene.skeleton.name: skeleton_record(scene.skeleton) for scene in scenes},
        "scenes": [_scene_record(scene) for scene in scenes],
    }
    return embedded(content)


def embedded(content: Any) -> Markup:
    """Return JSON for a script element, which nothing inside can end."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(
        text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )


def _scene_record(scene: Scene) -> dict[str, Any]:
    answers = {REAL_KEY: _answer_record(_REAL, scene.real, scene, "")}
    for name, answer in scene.answers.items():
        answers[name] = _answer_record(name, answer.joints, scene, _note(answer, scene))
    return {
        "told": scene.wordings[0].text,
        "skeleton": scene.skeleton.name,
        "absent": "this arm kept no motion of this clip",
        "answers": answers,
    }


def _answer_record(name: str, joints: Any, scene: Scene, note: str) -> dict[str, Any]:
    words = described(joints, scene.skeleton)
    return {
        "described": f"Moving figure, {name}: {_with_note(words, note)}.",
        "note": note,
        "motion": packed(joints),
    }
