"""Opens a training bundle."""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from folders import Folder

FORMAT = 1
FILES_AT_ONCE = 4


class BundleError(Exception):
    """A bundle that cannot be trained on."""


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files are in a local folder, with the digests that its description gives."""

    folder: pathlib.Path
    facts: Mapping[str, Any]
    sha256: str

    @staticmethod
    def open(folder: Folder, verify: bool = True) -> Bundle:
        """Opens a bundle, and fetches its files; raises BundleError where one is missing or was changed."""
        if not folder.fetch("bundle.json"):
            raise BundleError(f"{folder}/bundle.json is not there, expected the folder that `entirespace export-training` wrote")
        text = (folder.path / "bundle.json").read_bytes()
        try:
            facts = json.loads(text)
        except ValueError as error:
            raise BundleError(f"{folder}/bundle.json is no JSON: {error}") from error
        if facts.get("format") != FORMAT:
            raise BundleError(f"{folder}/bundle.json: got format {facts.get('format')}, expected {FORMAT}")

        def fetch(name: str) -> None:
            # A copy is written where the name says.
            if re.fullmatch(r"(?!.*\.\.)[\w.-]+(/[\w.-]+)*", name, re.ASCII) is None:
                raise BundleError(f"{folder}/bundle.json: got file {name}, expected a path below the folder")
            if not folder.fetch(name):
                raise BundleError(f"{folder}/{name} is not there, although bundle.json names it")
            if digest(folder.path / name) != facts["files"][name]:
                raise BundleError(f"{folder}/{name} was changed: it has another SHA-256 than bundle.json gives")

        if verify:
            threads = ThreadPoolExecutor(FILES_AT_ONCE)
            try:
                list(threads.map(fetch, facts["files"]))
            finally:
                threads.shutdown(cancel_futures=True)
        return Bundle(folder.path, facts, hashlib.sha256(text).hexdigest())


def digest(path: pathlib.Path) -> str:
    """Returns the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
