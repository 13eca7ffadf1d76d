"""Folders of a bundle and of weights: local ones, and those of a bucket, with a copy on this machine.

Credentials, region and endpoint of S3 are those of AWS's own tools: AWS_REGION, AWS_PROFILE, the role of a task or an
instance, AWS_ENDPOINT_URL. Without a region, it is that of the bucket.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pyarrow import fs

SCHEME = "s3://"
PIECE_BYTES = 2**24
# With the pauses between them: a bucket that is away for a minute costs no training.
ATTEMPTS = 10


class StorageError(Exception):
    """A bucket that does not give or take a file."""


class Folder:
    """A local folder."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def fetch(self, name: str) -> bool:
        """Brings a file to `path`; returns whether the folder has one of that name."""
        return (self.path / name).is_file()

    def send(self, name: str) -> None:
        """Brings a file of `path` to the folder."""

    def remove(self, name: str) -> None:
        """Removes a file from the folder, if it is there."""
        (self.path / name).unlink(missing_ok=True)


class BucketFolder(Folder):
    """A folder of a bucket; `path` has what was fetched from it, and what is sent there."""

    def __init__(self, url: str, path: pathlib.Path) -> None:
        super().__init__(path)
        self._url = url

    def __str__(self) -> str:
        return self._url

    def fetch(self, name: str) -> bool:
        copy = self.path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        with self._told("read", name):
            try:
                source = self._files.open_input_stream(self._key(name))
            except FileNotFoundError:
                return False
            with source, copy.open("wb") as file:
                shutil.copyfileobj(source, file, PIECE_BYTES)
        return True

    def send(self, name: str) -> None:
        with self._told("written", name), (self.path / name).open("rb") as file:
            # The object is there once the stream is closed, whole.
            with self._files.open_output_stream(self._key(name)) as target:
                shutil.copyfileobj(file, target, PIECE_BYTES)

    def remove(self, name: str) -> None:
        super().remove(name)
        with self._told("removed", name), contextlib.suppress(FileNotFoundError):
            self._files.delete_file(self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._url.removeprefix(SCHEME)}/{name}"

    @functools.cached_property
    def _files(self) -> Any:
        return connected(self._url.removeprefix(SCHEME).split("/")[0])

    @contextlib.contextmanager
    def _told(self, done: str, name: str) -> Iterator[None]:
        """Says in one line which file of the bucket could not be read or written, and why."""
        try:
            yield
        except OSError as error:
            raise StorageError(f"{self._url}/{name} cannot be {done}: {' '.join(str(error).split())}") from error


def connected(bucket: str) -> Any:
    """Returns the file system of a bucket."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    retries = fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS)
    if endpoint is None:
        return fs.S3FileSystem(region=region or fs.resolve_s3_region(bucket), retry_strategy=retries)
    place = urlsplit(endpoint)
    return fs.S3FileSystem(region=region or "us-east-1", scheme=place.scheme, endpoint_override=place.netloc, retry_strategy=retries)


def place(text: str) -> str:
    """Checks a path or URL of the command line; raises argparse.ArgumentTypeError."""
    if not text.startswith(SCHEME):
        return text
    if re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/+[^/]+)+/*", text) is None:
        raise argparse.ArgumentTypeError(f"expected a folder or s3://bucket/folder, got {text}")
    return SCHEME + re.sub("/+", "/", text.removeprefix(SCHEME)).rstrip("/")


@contextlib.contextmanager
def opened(place: str) -> Iterator[Folder]:
    """Opens a folder by its path or URL. The copy of one in a bucket is below TMPDIR, until the end."""
    if not place.startswith(SCHEME):
        yield Folder(pathlib.Path(place))
        return
    with tempfile.TemporaryDirectory(prefix="entirespace-") as copy:
        yield BucketFolder(place, pathlib.Path(copy))
