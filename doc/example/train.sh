#!/bin/sh
# Stands for a training script: prints one line a step, as any framework does. Usage: train.sh --lr RATE [--steps N]
lr=0.1 steps=60
while [ $# -gt 0 ]; do
    case $1 in
    --lr) lr=$2 ;;
    --steps) steps=$2 ;;
    *) echo "train.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done
echo "training with lr $lr on $(uname -n)"
step=1
while [ "$step" -le "$steps" ]; do
    awk -v s="$step" -v lr="$lr" 'BEGIN { printf "step: %d loss=%.4f accuracy=%.4f\n", s, exp(-s * lr / 3), 1 - exp(-s * lr / 4) }'
    step=$((step + 1))
    sleep 0.5
done
