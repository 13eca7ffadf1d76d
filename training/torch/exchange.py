"""What the processes that train together exchange."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed
from torch import Tensor

T = TypeVar("T")


@contextlib.contextmanager
def together(device: str) -> Iterator[None]:
    """Joins the other processes that `torchrun` has started, if it has, and leaves them in the end."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        # What one does alone, such as fetching a bundle, the others wait for. Where one has ended, torchrun ends all.
        torch.distributed.init_process_group("nccl" if device == "cuda" else "gloo", timeout=timedelta(days=1))
        if device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    try:
        yield
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def processes() -> int:
    """Returns the number of processes that train together."""
    return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1


def process() -> int:
    """Returns the number of this process, from 0."""
    return torch.distributed.get_rank() if torch.distributed.is_initialized() else 0


def is_first_on_machine() -> bool:
    """Returns whether this process is the first of those on its machine."""
    return int(os.environ.get("LOCAL_RANK", "0")) == 0


def once_on_each_machine(work: Callable[[], T]) -> T:
    """Has the first process of each machine do something, and returns to all of them there what it returned, or raises what it raised."""
    if processes() == 1:
        return work()
    own: Any = None
    if is_first_on_machine():
        try:
            own = work()
        except Exception as error:
            own = error
    done: list[Any] = [None] * processes()
    torch.distributed.all_gather_object(done, own)
    outcome: T | Exception = done[process() - int(os.environ["LOCAL_RANK"])]
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def share(count: int, member: int) -> slice:
    """Returns the share of the rows of a batch that a process has."""
    members = processes()
    return slice(count * member // members, count * (member + 1) // members)


def all_summed(values: list[Tensor]) -> list[Tensor]:
    """Returns the sums of tensors over all processes, in one exchange."""
    if processes() == 1 or not values:
        return values
    flat = torch.cat([value.reshape(-1) for value in values])
    torch.distributed.all_reduce(flat)
    return [part.reshape(value.shape) for part, value in zip(flat.split([v.numel() for v in values]), values, strict=True)]


def gathered(own: Tensor, rows: int) -> Tensor:
    """Returns what all processes have for the rows of a batch of `rows`, one after the other, from each one's share."""
    if processes() == 1:
        return own
    sizes = [share(rows, member) for member in range(processes())]
    counts = [part.stop - part.start for part in sizes]
    padded = torch.zeros(max(counts), *own.shape[1:], dtype=own.dtype, device=own.device)
    padded[: len(own)] = own
    received = [torch.empty_like(padded) for _ in counts]
    torch.distributed.all_gather(received, padded)
    return torch.cat([part[:count] for part, count in zip(received, counts, strict=True)])


def collected(own: Tensor, count: int) -> Tensor:
    """Returns the rows of all processes, each of which has its share of `count`, in the memory of the host of the first.

    The shares come one at a time, since all may not fit into the memory of one GPU. Other processes get an empty tensor.
    """
    if process() > 0:
        torch.distributed.send(own.contiguous(), 0)
        return own[:0].cpu()
    parts = [own.cpu()]
    for member in range(1, processes()):
        rows = share(count, member)
        received = torch.empty(rows.stop - rows.start, *own.shape[1:], dtype=own.dtype, device=own.device)
        torch.distributed.recv(received, member)
        parts.append(received.cpu())
    return torch.cat(parts)
