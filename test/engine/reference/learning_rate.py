"""Reference values for test/engine/learning-rate.test.ts: the factor at each step, by torch.optim.lr_scheduler.

    python test/engine/reference/learning_rate.py > test/engine/reference/learning-rate.json
"""
import json
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, ConstantLR, LinearLR, SequentialLR

STEPS = 40


def scheduler(optimizer, warmup, decay):
    left = STEPS - warmup
    after = {
        "none": lambda: ConstantLR(optimizer, factor=1.0, total_iters=left),
        "linear": lambda: LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=left),
        "cosine": lambda: CosineAnnealingLR(optimizer, T_max=left),
    }[decay]
    if warmup == 0:
        return after()
    # The first step, LinearLR's iteration 0, has 1 / warmup of the rate; step number `warmup` has the full rate.
    before = LinearLR(optimizer, start_factor=1 / warmup, end_factor=1.0, total_iters=warmup - 1)
    return SequentialLR(optimizer, [before, after()], milestones=[warmup])


def factors(warmup, decay):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = scheduler(optimizer, warmup, decay)
    seen = []
    for _ in range(STEPS):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


print(json.dumps({
    "torch": torch.__version__,
    "cases": [
        {"warmup_steps": warmup, "decay": decay, "total_steps": STEPS, "factors": factors(warmup, decay)}
        for warmup in (0, 12)
        for decay in ("none", "linear", "cosine")
    ],
}))
