"""Where and how fast an experiment runs. Nothing in here may change a result or a fingerprint."""

from typing import Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from audiomotion.config.schema import Schema

SHARED_TRAININGS: Final = ("rvq", "masked", "residual", "length")
"""Stages whose loss is a mean over a batch's examples, so that workers can share the batch; the
evaluator sets each caption against all others."""


class Resources(Schema):
    """What one stage asks the scheduler for."""

    cpus: float = Field(default=1, gt=0)
    """CPU cores; rounded down (to at least 1) also the number of torch threads."""

    gpus: float = Field(default=0, ge=0)
    """GPUs, or a share of one: with 0.5 two stages share a GPU. Ignored on the CPU."""

    num_workers: int = Field(default=1, ge=1)
    """Workers that train together, each with these cores and GPUs on its share of every batch."""

    memory_gb: float | None = Field(default=None, gt=0)
    """Host memory in GB (10^9 bytes) that is kept free for it; null keeps none."""

    accelerator: str | None = None
    """Only nodes with this GPU, by label `ray.io/accelerator-type`: H100. Ignored on the CPU."""

    @field_validator("gpus")
    @classmethod
    def _share_or_whole(cls, value: float) -> float:
        if value > 1 and value != int(value):
            raise ValueError(f"{value} GPUs: a share is at most 1, more than one is a whole number")
        return value

    @model_validator(mode="after")
    def _a_whole_gpu_a_worker(self) -> Self:
        if self.num_workers > 1 and self.gpus not in (0, 1):
            raise ValueError(
                f"{self.num_workers} workers with {self.gpus:g} GPUs each: it is one GPU a worker"
            )
        return self

    @property
    def all_cpus(self) -> float:
        """CPU cores of all workers."""
        return self.cpus * self.num_workers

    @property
    def all_gpus(self) -> float:
        """GPUs of all workers."""
        return self.gpus * self.num_workers

    @property
    def num_threads(self) -> int:
        """Torch threads of the stage, of each worker where there are several."""
        return max(1, int(self.cpus))

    @property
    def all_threads(self) -> int:
        """Torch threads of all workers."""
        return self.num_threads * self.num_workers


class StageResources(Schema):
    """What each stage asks for."""

    dataset: Resources = Resources()
    """Raw files to features of motion."""

    speak: Resources = Resources()
    """Captions to audio."""

    features: Resources = Resources()
    """Audio through the frozen extractor."""

    text_features: Resources = Resources()
    """Text through the frozen text encoder."""

    transcribe: Resources = Resources()
    """Audio through the frozen recognizer of a cascade."""

    rvq: Resources = Resources()
    """Training of the RVQ-VAE."""

    evaluator: Resources = Resources()
    """Training of the evaluator."""

    masked: Resources = Resources()
    """Training of the masked transformer."""

    residual: Resources = Resources()
    """Training of the residual transformer."""

    length: Resources = Resources()
    """Training of the length estimator."""

    evaluation: Resources = Resources()
    """Generation and metrics."""

    reference: Resources = Resources()
    """Metrics of real and reconstructed motion."""

    outside: Resources = Resources()
    """Metrics of another system's motion."""

    speaker_probe: Resources = Resources()
    """Conditions of spoken instructions, and a linear probe of who spoke."""

    @field_validator("*")
    @classmethod
    def _shared_where_it_can_be(cls, value: Resources, info: ValidationInfo) -> Resources:
        if value.num_workers > 1 and info.field_name not in SHARED_TRAININGS:
            raise ValueError(
                f"{value.num_workers} workers: only {', '.join(SHARED_TRAININGS)} can be trained "
                "by several; leave num_workers out"
            )
        return value


class Runtime(Schema):
    """Where and how fast: devices, resources, checkpoints.

    The defaults suit a laptop: one core a stage, as many stages at once as there are cores.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Torch device; `auto` is the GPU where there is one."""

    checkpoint_seconds: float = Field(default=30, gt=0)
    """Longest time between two checkpoints of a training; what a crash costs at most."""

    max_parallel_stages: int | None = Field(default=None, ge=1)
    """Stages run at the same time; null leaves it to their resources. Each takes 1 to 2 GB."""

    wait_for_nodes_seconds: float = Field(default=600, ge=0)
    """How long a stage that no living node can hold waits for one, where nodes come and go: with an
    autoscaler, or after a node was lost. On a fixed cluster it fails at once."""

    stages: StageResources = StageResources()
    """Resources of each stage."""

    def settled(self, has_gpu: bool) -> "Runtime":
        """Return this with `auto` replaced by the device that it means here."""
        if self.device != "auto":
            return self
        return self.model_copy(update={"device": "cuda" if has_gpu else "cpu"})

    def with_one_worker(self) -> "Runtime":
        """Return this with every stage trained by one worker."""
        trainings = {name: getattr(self.stages, name) for name in SHARED_TRAININGS}
        one = {"num_workers": 1}
        alone = {name: asked.model_copy(update=one) for name, asked in trainings.items()}
        return self.model_copy(update={"stages": self.stages.model_copy(update=alone)})

    def device_of(self, stage: str, settled: "Runtime") -> str:
        """Return the torch device of a stage, where `settled` is what this means there.

        A stage that asks for no GPU may come to a node that has none, and then runs on the CPU.
        """
        is_free = self.device == "auto" and settled.resources(stage).gpus == 0
        return "auto" if is_free and settled.device == "cuda" else settled.device

    def resources(self, stage: str) -> Resources:
        """Return what a stage asks for: no GPU on the CPU, one core where the stage is unknown."""
        asked = getattr(self.stages, stage, None)
        resources = asked if isinstance(asked, Resources) else Resources()
        on_cpu = {"gpus": 0.0, "accelerator": None}
        return resources.model_copy(update=on_cpu) if self.device == "cpu" else resources
