"""A spoken or written instruction to a motion, with one trained system."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import GenerationConfig
from audiomotion.errors import ConfigError, ModelError
from audiomotion.generate.system import AudioToMotion
from audiomotion.models.conditioned import ConditionedLength
from audiomotion.models.length_estimator import draw
from audiomotion.models.padding import pad
from audiomotion.pipeline.folder import CONFIG, SystemConfig, load_length, load_system
from audiomotion.pipeline.instructions import Instruction, InstructionEncoder
from audiomotion.pipeline.motion import GeneratedMotion
from audiomotion.seeds import derive_seed

Given: TypeAlias = str | Path | NDArray[np.floating[Any]]
Guidance: TypeAlias = float | tuple[float, float]
Say: TypeAlias = Callable[[str], object]

_DEFAULT_STORE: Final = "amx-store"


class AudioToMotionPipeline:
    """A trained system with its encoder: recordings, waveforms or texts in, motions out.

    Args:
        config: What the system is.
        system: Its trained parts.
        length: Its length estimator, if it has one.
        encoder: What hears or reads the instructions.
        say: Told what a user should know, a sentence at a time; warnings otherwise.
    """

    def __init__(
        self,
        config: SystemConfig,
        system: AudioToMotion,
        length: ConditionedLength | None,
        encoder: InstructionEncoder,
        say: Say = warnings.warn,
    ) -> None:
        self.config = config
        self.system = system
        self.length = length
        self.encoder = encoder
        self.say = say
        self._place: TemporaryDirectory[str] | None = None

    @classmethod
    def from_pretrained(
        cls,
        path_or_run: str | Path,
        *,
        device: str = "cpu",
        store: str = _DEFAULT_STORE,
        arm: str | None = None,
        seed: int | None = None,
        say: Say = warnings.warn,
    ) -> "AudioToMotionPipeline":
        """Load a folder of `amx export`, or a finished launch by its id.

        Args:
            path_or_run: The folder; or a launch of `store`, or the beginning of its id.
            device: Torch device to compute on.
            store: Where launches are; of no matter for a folder.
            arm: Which arm of a launch that has several.
            seed: Which training seed of an arm that has several.
            say: Told what a user should know.

        Raises:
            ConfigError: There is no such folder or launch, or it has several systems.
            DataError: A file is missing or damaged.
            ModelError: Weights are damaged, or the device cannot be used.
        """
        folder = Path(path_or_run)
        if (folder / CONFIG).exists():
            return cls._load(folder, say).to(device)
        if folder.exists():
            raise ConfigError(f"{folder} has no {CONFIG}; give a folder that `amx export` made")
        from audiomotion.pipeline.exporting import export_run  # needs a store, a folder does not

        place = TemporaryDirectory(prefix="amx-system-")
        exported = Path(place.name) / "system"
        export_run(str(path_or_run), exported, store=store, arm=arm, seed=seed)
        pipeline = cls._load(exported, say).to(device)
        # Imported weights of an extractor are read when it is first used, so the folder lives on.
        pipeline._place = place
        return pipeline

    @classmethod
    def _load(cls, folder: Path, say: Say) -> "AudioToMotionPipeline":
        config = SystemConfig.load(folder)
        encoder = InstructionEncoder(config, folder, say)
        return cls(config, load_system(config, folder), load_length(config, folder), encoder, say)

    def to(self, device: str) -> "AudioToMotionPipeline":
        """Return the pipeline, which computes on `device` from now on.

        Raises:
            ModelError: The device cannot be used.
        """
        system = self.system
        try:
            self.system = AudioToMotion(
                system.tokenizer, system.masked, system.residual, system.config, device
            )
            self.length = None if self.length is None else self.length.to(device)
        except (RuntimeError, AssertionError) as error:
            raise ModelError(
                f"device {device!r} cannot be used: {str(error).splitlines()[0]}; choose cpu, or "
                "a device that torch finds on this machine"
            ) from error
        self.encoder.to(device)
        return self

    def __call__(
        self,
        inputs: Given | Sequence[Given],
        *,
        seconds: float | Sequence[float | None] | None = None,
        seed: int = 0,
        guidance: Guidance | None = None,
        sample_hz: int = 16_000,
    ) -> Any:
        """Return the motion of an instruction, or those of a list of instructions.

        A motion depends on its instruction, its length, the seed and the guidance, never on what
        else is in the list.

        Args:
            inputs: Path of a recording, floats `(S,)` or `(S, channels)`, or a text.
            seconds: How long the motion is to be; without it, as long as the estimator says.
            seed: Another seed is another motion of the same instruction.
            guidance: Scale c of both transformers, or of base and residual; else as configured.
            sample_hz: Rate of waveforms given as arrays; files know their own.

        Raises:
            ConfigError: No length is given and none can be estimated, or one is impossible.
            DataError: An instruction cannot be used; the message says which and why.
        """
        single = isinstance(inputs, (str, Path, np.ndarray))
        given: list[Any] = [inputs] if single else list(cast(Sequence[Given], inputs))
        wanted: list[float | None] = (
            list(seconds) if isinstance(seconds, Sequence) else [seconds] * len(given)
        )
        if len(wanted) != len(given):
            raise ConfigError(f"{len(wanted)} lengths for {len(given)} instructions")
        understood = self.encoder.understand(given, sample_hz)
        motions = self.generate(understood, wanted, [seed] * len(given), guidance)
        return motions[0] if single else motions

    def generate(
        self,
        instructions: Sequence[Instruction],
        seconds: Sequence[float | None],
        seeds: Sequence[int],
        guidance: Guidance | None = None,
    ) -> list[GeneratedMotion]:
        """Return the motion of each instruction that `encoder.understand` returned."""
        frames = self._frames(instructions, seconds)
        system = self._guided(guidance)
        draws = [derive_seed(seed, "generate") for seed in seeds]
        features = [instruction.features for instruction in instructions]
        motions = system.generate(features, frames, draws) if instructions else []
        return [
            self._motion(*parts)
            for parts in zip(motions, instructions, seconds, seeds, strict=True)
        ]

    def _motion(
        self,
        features: NDArray[np.float32],
        instruction: Instruction,
        seconds: float | None,
        seed: int,
    ) -> GeneratedMotion:
        notes = instruction.notes
        longest = self.config.experiment.dataset.max_frames
        if len(features) > longest:
            most = longest / self.config.skeleton.fps
            notes += (f"longer than any motion of its training, which last up to {most:.1f} s",)
        length_from = "estimated" if seconds is None else "given"
        return GeneratedMotion(
            features,
            self.config.skeleton,
            instruction.name,
            seed,
            length_from,
            notes,
            instruction.waveform,
        )

    def _frames(
        self, instructions: Sequence[Instruction], seconds: Sequence[float | None]
    ) -> list[int]:
        """Return the frames of each motion, whole tokens."""
        a_token = self.config.experiment.rvq.frames_per_token
        unknown = [place for place, length in enumerate(seconds) if length is None]
        estimated = self._estimated([instructions[place] for place in unknown])
        tokens = dict(zip(unknown, estimated, strict=True))
        for place, length in enumerate(seconds):
            if length is not None:
                least = a_token / self.config.skeleton.fps
                if not least <= length <= _MOST_SECONDS:  # NaN is not between them either
                    raise ConfigError(
                        f"{length:g} s is no length of a motion; {least:.2f} to "
                        f"{_MOST_SECONDS:g} s are allowed (--seconds, seconds=)"
                    )
                tokens[place] = round(length / least)
        return [tokens[place] * a_token for place in range(len(seconds))]

    def _estimated(self, instructions: Sequence[Instruction]) -> list[int]:
        """Return the likeliest number of tokens of each instruction."""
        if not instructions:
            return []
        if self.length is None:
            raise ConfigError(
                "this system has no length estimator, so it cannot tell how long the motion is to "
                "be; give --seconds (seconds= in Python)"
            )
        import torch

        with torch.inference_mode():
            features, valid_mask = pad([instruction.features for instruction in instructions])
            device = self.system.device
            vectors = self.length.vectors(features.to(device), valid_mask.to(device))
            lengths: list[int] = draw(self.length.estimator(vectors)).tolist()
        return lengths

    def _guided(self, guidance: Guidance | None) -> AudioToMotion:
        system = self.system
        if guidance is None:
            return system
        base, residual = guidance if isinstance(guidance, tuple) else (guidance, guidance)
        if not (0 <= base < np.inf and 0 <= residual < np.inf):
            raise ConfigError(f"guidance {guidance} is no scale; it is 0 or more, 1 for none")
        config = GenerationConfig(
            masked=_scaled(system.config.masked, base),
            residual=_scaled(system.config.residual, residual),
        )
        return AudioToMotion(
            system.tokenizer, system.masked, system.residual, config, system.device
        )


_MOST_SECONDS: Final = 60.0
"""Six times the longest published clip; attention over more is memory, not motion."""


def _scaled(sampling: Any, scale: float) -> Any:
    return sampling.model_copy(update={"guidance_scale": float(scale)})
