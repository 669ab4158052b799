#!/usr/bin/env bash
# One shard of a sweep per task of a Slurm array; each makes all rounds of its own cells, so that one array is enough.
#   npx tautograd sweep plan --tier full -o plan.jsonl
#   sbatch --array=1-16 slurm.sh                # again, if status says that something is missing
#   npx tautograd sweep status --plan plan.jsonl runs/*.jsonl
#   npx tautograd sweep report --plan plan.jsonl runs/*.jsonl --out reports
#SBATCH --job-name=tautograd-sweep
#SBATCH --array=1-16
#SBATCH --cpus-per-task=4
#SBATCH --mem-per-cpu=1G
#SBATCH --time=02:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
# which shard of how many follows from SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT; exec, so that the signal finds it
exec npx tautograd sweep run --plan "${PLAN:-plan.jsonl}" --cells --resume --workers "${SLURM_CPUS_PER_TASK:-1}"
