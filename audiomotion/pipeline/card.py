"""The model card of a saved system: what it is, how good it is, what it must not be taken for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from audiomotion.config.speech import SpeechSchema
from audiomotion.pipeline.folder import SystemConfig
from audiomotion.pretrained.weights_facts import PUBLISHED_WEIGHTS
from audiomotion.report.metrics import METRICS

_DATA_LICENCES: Final[Mapping[str, str]] = {
    "demo": "made by audiomotion itself, Apache-2.0: parametric actions, no motion capture",
    "humanml3d": "HumanML3D over AMASS: research only, by the terms of AMASS",
    "kit": "KIT Motion-Language: its terms of use, citation asked for",
    "bandai": "Bandai-Namco-Research-Motiondataset: CC BY-NC 4.0, no commercial use",
}

_USE: Final = """\
```sh
amx generate instruction.wav --model . -o motion.bvh
```

```python
from audiomotion.pipeline import AudioToMotionPipeline

pipeline = AudioToMotionPipeline.from_pretrained(".")
motion = pipeline("instruction.wav", seed=0)
motion.save("motion.bvh")
```
"""


def model_card(config: SystemConfig, result: Mapping[str, Any]) -> str:
    """Return the card in Markdown; of the same launch it has the same bytes.

    Args:
        config: The system.
        result: What its evaluation left.
    """
    about = config.about
    heading = f"# {about['arm']}: spoken instruction to motion"
    made = (
        f"Arm `{about['arm']}`, training seed {about['seed']}, of launch `{about['run']}`; written "
        f"by audiomotion {about['audiomotion']}. The whole configuration is in `config.json`."
    )
    parts = [heading, made, *_warnings(config), _USE.rstrip()]
    parts += [f"## What it is\n\n{_table(_facts(config))}"]
    parts += [f"## How good it is\n\n{_metrics(config, result)}"]
    parts += ["## Limits\n\n" + "\n".join(f"- {line}" for line in _limits(config))]
    parts += ["## Licences\n\n" + "\n".join(f"- {line}" for line in _licences(config))]
    return "\n\n".join(parts) + "\n"


def _warnings(config: SystemConfig) -> Iterator[str]:
    weights = str(config.about["encoder_weights"])
    if "random" in weights:
        yield (
            f"**The encoder has random weights ({weights}): it was never trained to hear or read. "
            "This system shows that everything runs, not what such an encoder can do.**"
        )
    if config.experiment.dataset.name == "demo":
        yield "**Trained on made-up motions: it is there to be tried out, not to be used.**"


def _facts(config: SystemConfig) -> Iterator[tuple[str, str]]:
    experiment = config.experiment
    yield "Data", experiment.dataset.name
    yield "Captions", f"trained on {experiment.train_variant}, tested on {experiment.test_variant}"
    how = "hears" if experiment.condition == "audio" else "reads"
    yield "Instruction", f"it {how} it, by {experiment.encoder.name} ({experiment.weights_label})"
    compressor = experiment.used_compressor
    yield "Compressor", "none" if compressor is None else compressor.name
    yield "Speech", f"{experiment.speech.name}, {experiment.speech.num_voices} voices"
    yield "Skeleton", f"{config.skeleton.name}, {config.skeleton.fps:g} frames a second"
    length = "trained" if config.num_length_classes else "none: the length is to be given"
    yield "Length estimator", length


def _metrics(config: SystemConfig, result: Mapping[str, Any]) -> str:
    rows = [("Metric", "Mean ± 95 % interval")]
    summaries = result["summaries"]
    for metric in METRICS:
        if metric.key in summaries:
            summary = summaries[metric.key]
            rows.append((metric.heading, f"{summary['mean']:.3f} ± {summary['half_width']:.3f}"))
    split = config.experiment.evaluation.split
    said = (
        f"Measured on the {split} split: {result['num_clips']} clips, {result['num_repeats']} "
        "generations of all of them. The interval is over these generations of one training, so "
        "it does not say how another training would come out."
    )
    if config.experiment.evaluator.weights == "trained":
        said += " The evaluator was trained on the same data: compare within that launch alone."
    return f"{_table(iter(rows[1:]), rows[0])}\n\n{said}"


def _limits(config: SystemConfig) -> Iterator[str]:
    experiment = config.experiment
    most = experiment.dataset.max_frames / config.skeleton.fps
    yield f"One person, one instruction, English; motions of up to {most:.1f} s."
    if experiment.condition == "audio":
        yield (
            "Heard in training: synthetic voices alone. People, rooms, telephones and noise were "
            "not measured; `amx generate` warns of what it can tell."
        )
    yield "Feet may slide and bodies may pass through themselves: there is no physics in it."
    yield "It answers every input, also one that is no instruction."


def _licences(config: SystemConfig) -> Iterator[str]:
    experiment = config.experiment
    name = experiment.dataset.name
    yield f"Motion: {_DATA_LICENCES.get(name, f'{name}: see the data set')}."
    encoder = experiment.encoder
    weights = getattr(encoder, "weights", None)
    facts = next((facts for facts in PUBLISHED_WEIGHTS if facts.weights == weights), None)
    if facts is not None:
        yield f"Encoder: {facts.notice}."
    elif weights is not None:
        yield f"Encoder: {encoder.name} with weights {encoder.weights_label}."
    yield f"Speech of the training: {_speech(experiment.speech)}."
    yield "The trained weights here follow from these; the code that runs them is Apache-2.0."


def _speech(speech: SpeechSchema) -> str:
    if speech.name == "espeak":
        return "eSpeak NG (GPL-3.0-or-later program; its output is not covered by that)"
    return f"{speech.name}; see the terms of what speaks"


def _table(rows: Iterator[tuple[str, str]], head: tuple[str, str] = ("", "")) -> str:
    lines = [head, ("---", "---"), *rows]
    return "\n".join(f"| {left} | {right} |" for left, right in lines)
