"""Trains some steps on each of several bundles, one after the other: run_steps.py <steps> <bundle> <losses> ..."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "training/torch"))
import torch  # noqa: E402
from train import main  # noqa: E402

torch.set_num_threads(1)
steps, *pairs = sys.argv[1:]
for bundle, losses in zip(pairs[::2], pairs[1::2], strict=True):
    code = main([bundle, f"{losses}.out", "--device", "cpu", "--steps", steps, "--losses", losses])
    if code != 0:
        sys.exit(code)
