import json
from dataclasses import replace

import pytest
from mlflow.tracking import MlflowClient

from audiomotion.config.schema import Schema
from audiomotion.files import write_json
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.tracked import TrackedLaunch
from audiomotion.stages.base import Stage, StageKind
from audiomotion.stages.results import CURVES, KEPT
from audiomotion.track.tracker import Tracker
from audiomotion.train.curves import Curves
from tests.report.launches import axes, done, failed, launch, result


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """Track a launch of two arms, one with two seeds and one that failed; twice over."""
    root = tmp_path_factory.mktemp("store")
    (root / "run").mkdir()
    store = ArtifactStore(root)
    artifacts = store.artifact_root
    arms = [
        done(artifacts, "wavlm", 0, result([1.0, 3.0])),
        done(artifacts, "wavlm", 1, result([2.0, 4.0])),
        failed("encodec", 0, "masked: the loss is nan"),
    ]
    record = launch(artifacts, *arms)
    stage = training_of(record.arms[0])
    folder = artifacts / "masked" / stage.fingerprint
    folder.mkdir(parents=True)
    Curves(folder / CURVES).add(10, {"loss": 0.5})
    write_json(folder / KEPT, {"step": 7, "num_steps": 10, "validation_fid": 0.25})
    for _ in range(2):
        tracker = Tracker(f"sqlite:///{root}/mlflow.db", root, root / "run")
        following = TrackedLaunch(tracker, store)
        following.begin(record)
        following.stage_done(record, stage, folder)
        following.stage_done(record, stage, root / "run")
        following.end(record)
    return tracker, MlflowClient(tracking_uri=tracker.uri), record, root


class Empty(Schema):
    """Nothing to configure."""


def training_of(arm):
    """Return a stage `masked` with the fingerprint that the arm's record names."""
    stage = Stage(StageKind("masked", 1, "nowhere:nothing"), Empty())
    arm.fingerprints["masked"] = stage.fingerprint
    return stage


def run(tracked, label):
    tracker, client, _, _ = tracked
    return client.get_run(tracker.run_id(label))


def test_every_child_has_the_figures_of_its_own_seed(tracked):
    for seed, fid in enumerate((2.0, 3.0)):
        metrics = run(tracked, f"wavlm/seed{seed}").data.metrics
        assert metrics["fid"] == fid
        assert metrics["fid_95"] == pytest.approx(1.96 / 2**0.5)
    assert run(tracked, "encodec/seed0").data.metrics == {}


def test_the_parent_has_mean_and_interval_over_seeds(tracked):
    metrics = run(tracked, "").data.metrics
    assert metrics["fid/wavlm"] == 2.5
    assert metrics["fid/wavlm_95"] == pytest.approx(12.706 / 2, abs=1e-3)
    assert metrics["num_seeds/wavlm"] == 2
    assert {name for name in metrics if "encodec" in name} == {"num_seeds/encodec"}
    assert metrics["num_seeds/encodec"] == 0


def test_curves_are_in_the_runs_of_the_arms_that_use_the_stage(tracked):
    tracker, client, _, _ = tracked
    history = client.get_metric_history(tracker.run_id("wavlm/seed0"), "masked/loss")
    assert [(point.step, point.value) for point in history] == [(10, 0.5)]
    assert client.get_metric_history(tracker.run_id("wavlm/seed1"), "masked/loss") == []
    assert run(tracked, "wavlm/seed0").data.metrics["masked_kept_step"] == 7


def test_verdicts_are_the_runs_statuses(tracked):
    assert run(tracked, "wavlm/seed0").info.status == "FINISHED"
    assert run(tracked, "encodec/seed0").info.status == "FAILED"
    assert run(tracked, "encodec/seed0").data.tags["reason"] == "masked: the loss is nan"
    assert run(tracked, "").info.status == "FAILED"


def test_whoever_opens_mlflow_sees_the_comparison_and_its_notes(tracked):
    tracker, client, _, root = tracked
    names = {file.path for file in client.list_artifacts(tracker.run_id(""))}
    assert names == {
        "comparison.html", "comparison.json", "comparison.md", "comparison.png", "curves.png",
        "fairness.md",
    }  # fmt: skip
    text = next((root / "mlartifacts").rglob("comparison.md")).read_text()
    assert "the published protocol has 20" in text
    table = json.loads(next((root / "mlartifacts").rglob("comparison.json")).read_text())
    assert [row[0] for row in table["data"]] == [
        "real motion",
        "RVQ reconstruction",
        "wavlm",
        "encodec",
    ]


def test_tags_say_what_it_was(tracked):
    tags = run(tracked, "wavlm/seed0").data.tags
    assert tags["amx.arm"] == "wavlm"
    assert tags["amx.weights"] == "pre-trained"
    assert tags["amx.fingerprint.evaluation"] == "wavlm-0"
    assert tags["amx.git_commit"]
    assert tags["amx.status"] == "done"


@pytest.mark.parametrize(
    ("question", "labels"),
    [
        ("tags.`amx.run` = 'launch' and tags.`amx.arm` = 'wavlm'", {"wavlm/seed0", "wavlm/seed1"}),
        ("tags.`amx.axis` = 'feature-extractor' and tags.`amx.seed` = '1'", {"wavlm/seed1"}),
        ("tags.`amx.dataset` = 'demo' and tags.`amx.status` = 'failed'", {"", "encodec/seed0"}),
        ("tags.`amx.fingerprint.evaluation` = 'wavlm-1'", {"wavlm/seed1"}),
        ("params.`extractor.name` = 'log-mel' and metrics.fid < 2.5", {"wavlm/seed0"}),
        ("tags.`amx.kind` = 'ablation' and metrics.`fid/wavlm` < 3", {""}),
    ],
)
def test_a_flat_search_finds_runs(tracked, question, labels):
    tracker, client, _, _ = tracked
    (experiment,) = client.search_experiments(filter_string="name = 'feature-extractor-demo'")
    own = {tracker.run_id(label) for label in tracker.labels()}
    found = {run.info.run_id for run in client.search_runs([experiment.experiment_id], question)}
    assert found & own == {tracker.run_id(label) for label in labels}


def test_the_parent_s_tags_have_a_metric_of_all_arms_each(tracked):
    tags = run(tracked, "").data.tags
    assert tags["amx.status"] == "failed"
    assert tags["amx.result.fid"] == "wavlm 2.500 ± 6.353"
    assert "amx.result.multimodality" not in tags


def test_the_comparison_opens_as_a_page_of_its_own(tracked):
    _, _, _, root = tracked
    page = next((root / "mlartifacts").rglob("comparison.html")).read_text("utf-8")
    assert page.count("data:image/png;base64,") == 2
    assert ">FID ↓</th>" in page and '<th scope="row">wavlm</th>' in page
    assert "http://" not in page and "https://" not in page


def test_an_interrupted_launch_leaves_no_run_open(tracked):
    tracker, client, record, root = tracked
    (root / "other").mkdir()
    other = TrackedLaunch(Tracker(tracker.uri, root, root / "other"), ArtifactStore(root))
    other.begin(replace(record, id="other"))
    other.interrupted()
    ids = [other.tracker.run_id(label) for label in other.tracker.labels()]
    assert len(ids) == 4
    assert {client.get_run(run_id).info.status for run_id in ids} == {"KILLED"}


def test_the_parent_opens_with_the_comparison(tracked):
    assert "| wavlm |" in run(tracked, "").data.tags["mlflow.note.content"]


def test_arms_of_several_axes_have_metrics_that_mlflow_takes(tmp_path):
    store = ArtifactStore(tmp_path)
    arms = [
        done(store.artifact_root, arm, 0, result([1.0]))
        for arm in ("conv1d+wavlm", "conv1d+encodec")
    ]
    record = launch(store.artifact_root, *arms, axis=axes("compressor", "feature-extractor"))
    record = replace(record, title="compressor+feature-extractor")
    (tmp_path / "run").mkdir()
    tracker = Tracker(f"sqlite:///{tmp_path}/mlflow.db", tmp_path, tmp_path / "run")
    following = TrackedLaunch(tracker, store)
    following.begin(record)
    following.end(record)
    client = MlflowClient(tracking_uri=tracker.uri)
    parent = client.get_run(tracker.run_id(""))
    assert parent.data.metrics["fid/conv1d wavlm"] == 1.0
    experiment = client.get_experiment(parent.info.experiment_id)
    assert experiment.name == "compressor+feature-extractor-demo"
    assert [item.path for item in client.list_artifacts(parent.info.run_id)] == [
        "comparison.html", "comparison.json", "comparison.md", "comparison.png", "fairness.md"
    ]  # fmt: skip
