"""What a user waits for before the first line appears: light commands import light modules."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "ray", "mlflow", "optuna", "transformers", "matplotlib", "scipy", "sqlalchemy"}

# Modules go to stderr, which a light command leaves empty but for our own sentences.
PROGRAM = """
import json, sys
sys.argv[0] = "amx"
from audiomotion.cli.app import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def run(folder: Path, *args: str) -> tuple[str, set[str], float]:
    """Return stdout, the packages that were imported, and the CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *args],
        cwd=folder,
        env={**os.environ, "AMX_STORE": str(folder / "store")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    modules = set(json.loads(done.stderr.splitlines()[-1]))
    return done.stdout, modules, after.ru_utime - before.ru_utime


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        ("--help", "ablate"),
        ("--version", "amx 0."),
        ("ablate --help", "--dry-run"),
        ("list", "feature-extractor"),
        ("list extractors --json", '"wavlm"'),
        ("list text-encoders --json", '"clip"'),
        ("config", "masked.num_layers"),
        ("config humanml3d --json", '"path"'),
        ("ablate feature-extractor --dry-run", "evaluation"),
        ("train demo --dry-run --json", '"stages"'),
        ("data check --dataset demo", "nothing is missing"),
        ("data oral --help", "--num-rewrites"),
        ("list rewriters --json", '"grammar"'),
        ("data speak --dataset demo --backend vits --dry-run", "speech on demo: 2 arms"),
        ("list speech", "tortoise"),
        ("list formats --json", '"bvh"'),
        ("generate --help", "--clean-feet"),
        ("export --help", "DIR"),
        ("data features --dataset demo --dry-run", "features"),
        ("bench data --help", "--quick"),
        ("bench evaluate --help", "--quick"),
        ("bench cascade --help", "--quick"),
        ("bench generate --help", "--quick"),
        ("runs list", "no launches"),
        ("runs card --help", "Id of a launch"),
        ("runs probe --help", "--split"),
        ("artifacts list", "no artifacts"),
        ("import --help", "momask"),
        ("jobs --help", "logs"),
        ("doctor --help", "--address"),
        ("report --help", "--dataset"),
        ("tune --help", "--force-test-split"),
        ("tune cfg --dataset demo --dry-run", "60 trials to run"),
        ("list searches", "Which guidance scales"),
    ],
)
def test_a_light_command_imports_nothing_heavy(tmp_path: Path, command: str, shows: str) -> None:
    output, modules, _ = run(tmp_path, *command.split())
    assert shows in output
    assert "audiomotion" in modules
    assert not modules & HEAVY
    assert list(tmp_path.iterdir()) == []


def test_help_is_quick(tmp_path: Path) -> None:
    assert min(run(tmp_path, "--help")[2] for _ in range(3)) < 1.5
