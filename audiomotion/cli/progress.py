"""One live line a running stage: step, rate, time left; plain lines where no terminal is."""

import sys
import time

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from audiomotion.orchestrate.executor import EventKind
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.progress import StageProgress
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage

_SECONDS_BETWEEN_PLAIN_LINES = 15.0


class ProgressDisplay:
    """Shows the stages that run, from the progress files that they write."""

    def __init__(self, plan: Plan, store: ArtifactStore, num_stages: int, quiet: bool) -> None:
        self.plan = plan
        self.store = store
        self.num_stages = num_stages
        self.num_done = 0
        self.quiet = quiet
        self.running: dict[str, AnyStage] = {}
        self._printed = time.monotonic()
        self._console = Console(stderr=True, highlight=False)
        self._live: Live | None = None

    def __enter__(self) -> "ProgressDisplay":
        """Start the live lines, on a terminal."""
        if self._console.is_terminal and not self.quiet and self.num_stages:
            self._live = Live(console=self._console, transient=True, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the live lines."""
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: EventKind, stage: AnyStage | None) -> None:
        """Show one event."""
        if stage is not None:
            self._note(event, stage)
        if self._live is not None:
            self._live.update(Group(*(Text(line) for line in self._lines())))
        elif event == "tick" and time.monotonic() - self._printed > _SECONDS_BETWEEN_PLAIN_LINES:
            self._printed = time.monotonic()
            for line in self._lines():
                self._print(line)

    def _note(self, event: EventKind, stage: AnyStage) -> None:
        if event == "started":
            self.running[stage.fingerprint] = stage
            if self._live is None:
                self._print(f"start  {self._name(stage)}")
        elif event in ("again", "elsewhere"):
            self.running.pop(stage.fingerprint, None)
            self._print(f"{event}  {self._name(stage)}")
        else:
            self.running.pop(stage.fingerprint, None)
            self.num_done += 1
            self._print(f"{event:<6} {self._name(stage)}  ({self.num_done}/{self.num_stages})")

    def _print(self, line: str) -> None:
        if not self.quiet:
            self._console.print(line, markup=False, soft_wrap=True)
            sys.stderr.flush()

    def _lines(self) -> list[str]:
        return [
            f"  {self._name(stage)}  {_describe(self.store.progress(key))}"
            for key, stage in list(self.running.items())
        ]

    def _name(self, stage: AnyStage) -> str:
        return f"{stage.name} [{self._whose(stage)}] {stage.fingerprint[:8]}"

    def _whose(self, stage: AnyStage) -> str:
        arms = self.plan.arms_of[stage.fingerprint]
        if not arms:
            return "ceiling"
        everyone = {target.arm for target in self.plan.targets}
        return "all arms" if arms == everyone and len(arms) > 1 else ", ".join(sorted(arms))


def _describe(progress: StageProgress | None) -> str:
    if progress is None:
        return "waiting for a worker"
    if progress.total == 0:
        return f"{progress.elapsed:.0f} s"
    left = progress.seconds_left
    values = "  ".join(f"{name} {value:.3g}" for name, value in list(progress.values.items())[:2])
    time_left = "" if left is None else f"  {left:.0f} s left"
    rate = f"  {progress.rate:.1f}/s" if progress.rate else ""
    return f"{progress.step}/{progress.total}{rate}{time_left}  {values}".rstrip()
