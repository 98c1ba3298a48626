"""A store of a test's own, and what is launched in it, in this process."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiomotion.config.runtime import Runtime
from audiomotion.files import read_json
from audiomotion.orchestrate.launch import Request, launch, make_plan
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.building import build_table
from audiomotion.report.table import ResultTable
from audiomotion.stages.base import AnyStage, StageContext

FOLDER = Path(__file__).parent
SMALL = str(FOLDER / "small.yaml")


class Unobserved:
    """Follows a launch without keeping anything of it."""

    def begin(self, record: RunRecord) -> None:
        pass

    def stage_done(self, record: RunRecord, stage: AnyStage, folder: Path) -> None:
        pass

    def end(self, record: RunRecord) -> None:
        pass

    def interrupted(self) -> None:
        pass


@dataclass
class Pipeline:
    """A store, and what is launched in it."""

    store: ArtifactStore
    started: list[str] = field(default_factory=list)

    def launch(self, request: Request) -> tuple[RunRecord, ResultTable]:
        self.started = []
        plan = make_plan(request)
        self.store.prepare()
        record = launch(request, plan, self.store, self.executor, Unobserved(), self._note, {})
        return record, build_table(record, self.store.artifact_root)

    def run(self, plan: Plan) -> None:
        self.store.prepare()
        schedule = Schedule(plan.missing(self.store.available(plan.stages)), {})
        self.executor.run(schedule, self._note)
        assert not schedule.failures

    def folder(self, stage: AnyStage) -> Path:
        return self.store.folder(stage)

    def context(self, stage: AnyStage, scratch: Path) -> StageContext:
        """Return where a stage whose inputs are there would run."""
        inputs = {role: self.folder(given) for role, given in stage.inputs.items()}
        return StageContext(inputs, scratch, scratch, self.store.cache, lambda *_: None)

    @property
    def executor(self) -> LocalExecutor:
        return LocalExecutor(self.store, None, Runtime(device="cpu"))

    def _note(self, event: str, stage: AnyStage | None) -> None:
        if event == "started" and stage is not None:
            self.started.append(stage.name)


def files_of(pipeline: Pipeline, stage: AnyStage) -> dict[str, Any]:
    files: dict[str, Any] = read_json(pipeline.folder(stage) / "manifest.json")["files"]
    assert files
    return files
