#!/usr/bin/env bash
# One launch in an allocation of its own: sbatch docs/cluster/slurm.sh ablate compressor --dataset humanml3d
# Ray and MLflow run on the nodes of the allocation and end with it; the store outlives them, so the same line continues.
#SBATCH --job-name=amx
#SBATCH --nodes=3
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=1
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@120
set -euo pipefail

. "${AMX_ENVIRONMENT:-$HOME/amx}/bin/activate"
export AMX_STORE="${AMX_STORE:?a folder that all nodes share}"
RAY_AUTH_TOKEN=$(python -c 'import secrets; print(secrets.token_hex(32))')
export RAY_AUTH_TOKEN RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}
head_ip=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | awk '{print $1}')
port=$((20000 + SLURM_JOB_ID % 10000))
export MLFLOW_TRACKING_URI="http://$head_ip:$((port + 1))"

on() { srun --overlap --nodes=1 --ntasks=1 --nodelist="$1" "${@:2}"; }

on "$head" ray start --head --block --node-ip-address="$head_ip" --port="$port" --dashboard-host=127.0.0.1 --dashboard-port="$((port + 2))" &
mkdir -p "$AMX_STORE"
on "$head" mlflow server --host 0.0.0.0 --port "$((port + 1))" --backend-store-uri "sqlite:///$AMX_STORE/mlflow.db" --artifacts-destination "$AMX_STORE/mlartifacts" &
for node in "${nodes[@]:1}"; do
    on "$node" ray start --block --address="$head_ip:$port" &
done

# The job server is up when the doctor is content; every node and the tracking server are checked again on submission.
for _ in $(seq 60); do
    on "$head" amx doctor --address "http://127.0.0.1:$((port + 2))" > doctor.txt 2>&1 && break
    sleep 5
done
cat doctor.txt

# Slurm's signal before the time is up stops the job, whose stages then write their checkpoints.
on "$head" amx "$@" --yes --address "http://127.0.0.1:$((port + 2))" &
launch=$!
trap 'on "$head" amx jobs stop amx --address "http://127.0.0.1:$((port + 2))"' TERM
code=0
wait "$launch" || code=$?
exit "$code"
