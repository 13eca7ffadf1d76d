"""Opens a training bundle."""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = 1


class BundleError(Exception):
    """A bundle that cannot be trained on."""


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files have the digests that its description gives."""

    folder: pathlib.Path
    facts: Mapping[str, Any]
    sha256: str

    @staticmethod
    def open(folder: pathlib.Path, verify: bool = True) -> Bundle:
        """Opens a bundle; raises BundleError where a file is missing or was changed."""
        path = folder / "bundle.json"
        if not path.is_file():
            raise BundleError(f"{path} is not there, expected the folder that `entirespace export-training` wrote")
        text = path.read_bytes()
        facts = json.loads(text)
        if facts.get("format") != FORMAT:
            raise BundleError(f"{path}: got format {facts.get('format')}, expected {FORMAT}")
        for name, expected in facts["files"].items() if verify else ():
            file = folder / name
            if not file.is_file():
                raise BundleError(f"{file} is not there, although bundle.json names it")
            with file.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                    raise BundleError(f"{file} was changed: it has another SHA-256 than bundle.json gives")
        return Bundle(folder, facts, hashlib.sha256(text).hexdigest())
