"""The files that start clusters: as Ray, Kubernetes and the programs take them."""

import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

CHECKOUT = Path(__file__).parents[1]
RAY_UP = ["cluster.yaml", "docs/cluster/aws.yaml"]
SLURM = CHECKOUT / "docs" / "cluster" / "slurm.sh"


def loaded(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((CHECKOUT / name).read_text("utf-8"))
    return content


@pytest.mark.parametrize("name", RAY_UP)
def test_ray_up_takes_the_file(name: str) -> None:
    validate_config(prepare_config(loaded(name)))


@pytest.mark.parametrize("name", RAY_UP)
def test_ray_up_would_refuse_a_misspelt_key(name: str) -> None:
    content = prepare_config(loaded(name))
    content["idle_timeout_minute"] = 5
    with pytest.raises(Exception, match="idle_timeout_minute"):
        validate_config(content)


def test_there_is_a_head_with_mlflow_and_there_are_limits() -> None:
    for name in RAY_UP:
        content = loaded(name)
        head = " ".join(content["head_start_ray_commands"])
        assert "mlflow server" in head
        assert "--dashboard-host=127.0.0.1" in head
        assert content["max_workers"] > 0
        assert "~/.ray/auth_token" in content["file_mounts"]
        starts = [*content["head_start_ray_commands"], *content["worker_start_ray_commands"]]
        assert all("RAY_AUTH_MODE=token" in line for line in starts if "ray start" in line)
    types = loaded("docs/cluster/aws.yaml")["available_node_types"]
    assert types["gpu"]["resources"]["GPU"] == 1
    assert "GPU" not in types["cpu"]["resources"]
    assert sum(kind.get("max_workers", 0) for kind in types.values()) <= 12


def test_a_local_cluster_names_as_many_machines_as_it_starts() -> None:
    content = loaded("cluster.yaml")
    assert (
        content["min_workers"] == content["max_workers"] == len(content["provider"]["worker_ips"])
    )


def test_kubernetes_gets_one_cluster_of_the_tested_ray() -> None:
    content = loaded("docs/cluster/kuberay.yaml")
    assert (content["apiVersion"], content["kind"]) == ("ray.io/v1", "RayCluster")
    spec = content["spec"]
    assert spec["rayVersion"] == version("ray")
    assert spec["authOptions"] == {"mode": "token"}
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    for group in groups:
        pod = group["template"]["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {"name", "image", "resources", "volumeMounts"} <= container.keys()
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            limits, requests = container["resources"]["limits"], container["resources"]["requests"]
            assert limits.keys() == requests.keys() >= {"cpu", "memory"}
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    ports = groups[0]["template"]["spec"]["containers"][0]["ports"]
    # The service of the head has the ports of its first container only.
    assert {port["containerPort"] for port in ports} >= {8265, 5000}
    for group in spec["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    gpus = [
        group["template"]["spec"]["containers"][0]["resources"]["limits"].get("nvidia.com/gpu")
        for group in spec["workerGroupSpecs"]
    ]
    assert gpus == [None, "1"]


def test_the_batch_script_is_a_script() -> None:
    subprocess.run(["bash", "-n", str(SLURM)], check=True)
    text = SLURM.read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    options = re.findall(r"^#SBATCH --([a-z-]+)=\S+$", text, re.MULTILINE)
    assert set(options) >= {"nodes", "ntasks-per-node", "gpus-per-node", "time", "signal"}
    # Slurm reads them only before the first command.
    assert text.rindex("#SBATCH") < text.index("set -euo pipefail")


def programs() -> list[tuple[str, set[str]]]:
    """Return `ray start` and `mlflow server` in all files, with the options given."""
    kuberay = loaded("docs/cluster/kuberay.yaml")["spec"]["headGroupSpec"]["template"]["spec"]
    lines = [" ".join(kuberay["containers"][1]["command"]), *SLURM.read_text().splitlines()]
    for name in RAY_UP:
        content = loaded(name)
        lines += [*content["head_start_ray_commands"], *content["worker_start_ray_commands"]]
    found = []
    for line in lines:
        for program in ("ray start", "mlflow server"):
            if program in line:
                options = re.findall(r"\s(--[a-z-]+)", line.partition(program)[2].partition(">")[0])
                found.append((program, set(options)))
    return found


def test_the_programs_know_the_options_they_are_given() -> None:
    from mlflow.cli import server
    from ray.scripts.scripts import start

    known = {
        program: {option for parameter in command.params for option in parameter.opts}
        for program, command in (("ray start", start), ("mlflow server", server))
    }
    given = programs()
    assert len(given) == 10
    for program, options in given:
        assert options
        assert options <= known[program]


def test_the_page_s_files_are_there() -> None:
    page = (CHECKOUT / "docs" / "cluster.md").read_text("utf-8")
    linked = re.findall(r"\]\(([\w./]+)\)", page)
    assert len(linked) == 3
    assert all((CHECKOUT / "docs" / name).is_file() for name in linked)
    assert "sbatch docs/cluster/slurm.sh" in page
