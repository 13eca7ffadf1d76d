"""Trains some steps on each of several bundles, one after the other, by one process or, with torchrun, by several.

    run_steps.py <steps> <options of train.py, by spaces, or nothing> <bundle> <losses> ...
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "training/torch"))
import torch  # noqa: E402
from exchange import together  # noqa: E402
from train import arguments, train  # noqa: E402

torch.set_num_threads(1)
steps, more, *pairs = sys.argv[1:]
with together("cpu"):
    for bundle, losses in zip(pairs[::2], pairs[1::2], strict=True):
        code = train(arguments([bundle, f"{losses}.out", "--device", "cpu", "--steps", steps, "--losses", losses, *more.split()]))
        if code != 0:
            sys.exit(code)
