"""The last state of a training, in the folder of its weights."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch

from bundle import BundleError
from exchange import once_on_each_machine
from folders import Folder

FILE = "checkpoint.pt"


class Checkpoints:
    """Keeps states; where the folder is in a bucket, they are sent while the training goes on."""

    def __init__(self, out: Folder, bundle_sha256: str) -> None:
        self._out, self._bundle = out, bundle_sha256
        self._thread = ThreadPoolExecutor(1)
        self._sending: Future[None] | None = None

    def load(self) -> Mapping[str, Any] | None:
        """Returns the state that was kept last; None where there is none. All processes call it."""
        path = once_on_each_machine(lambda: self._out.path / FILE if self._out.fetch(FILE) else None)
        if path is None:
            return None
        saved: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        if saved["bundle"] != self._bundle:
            raise BundleError(f"{self._out}/{FILE} is a checkpoint of another bundle: name another folder")
        return saved

    def keep(self, state: Mapping[str, Any]) -> None:
        """Keeps a state in place of the one before; raises StorageError where that one could not be sent."""
        self.wait()
        began = time.monotonic()
        # Renamed once it is whole: an interrupted write leaves the one before.
        part = self._out.path / f"{FILE}.part"
        torch.save({"bundle": self._bundle, **state}, part)
        part.replace(self._out.path / FILE)
        self._sending = self._thread.submit(self._send, began)

    def wait(self) -> None:
        """Waits until the last state is in the folder; raises StorageError where it cannot be sent there."""
        if self._sending is not None:
            self._sending.result()

    def remove(self) -> None:
        """Removes what is kept."""
        self.wait()
        self._out.remove(FILE)

    def _send(self, began: float) -> None:
        self._out.send(FILE)
        print(f"checkpoint kept in {time.monotonic() - began:.3f} s", flush=True)
