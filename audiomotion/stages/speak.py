"""Stage `speak`: instructions to WAV files, mono 16 kHz."""

import os
import shutil
from dataclasses import asdict
from pathlib import Path

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.speech.speaker import EspeakSpeaker, SpeechCache
from audiomotion.speech.voices import choose_voice
from audiomotion.speech.wav import wav_seconds
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import SpeakStage


def speak(stage: SpeakStage, context: StageContext) -> None:
    """Speak every instruction of one variant; write `wav/` and the index of the utterances.

    What was spoken once stays in the store's cache and is never spoken again.
    """
    speech = stage.config.speech
    wanted = Instructions(MotionDataset(context.inputs["dataset"]), stage.config.variant).all
    cache = SpeechCache(context.cache / "speech")
    voices = [choose_voice(speech.seed, wish.key, speech.num_voices) for wish in wanted]
    spoken = []
    with EspeakSpeaker(speech) as speaker:
        texts = [wish.text for wish in wanted]
        paths = cache.get_or_speak_many(speaker, zip(texts, voices, strict=True))
        for wish, voice, source in zip(wanted, voices, paths, strict=True):
            file = Path("wav") / source.parent.name / source.name
            _link(source, context.output / file)
            seconds = wav_seconds(source)
            spoken.append(
                Utterance(**asdict(wish), voice=voice.name, file=str(file), seconds=seconds)
            )
            context.report(len(spoken), len(wanted), {})
        Utterances.write_index(context.output, spoken, speaker.version)


def _link(source: Path, target: Path) -> None:
    """Place a file of the cache into an artifact: a hard link, a copy across file systems."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
