"""Stands in for the `docker` package, so that the emulator's ECS runs a process of this machine where it would run a
container. STAND_IN_IMAGES: JSON of image -> {"cwd", "entrypoint", "command", "environment"}: a task's command replaces the image's,
and variables of the image here overrule the task's."""
import json
import os
import subprocess
import tempfile
import uuid

from . import errors

IMAGES = json.loads(os.environ.get("STAND_IN_IMAGES", "{}"))
_containers = {}


class Container:
    def __init__(self, image, options):
        given = IMAGES.get(image)
        if given is None:
            raise errors.ImageNotFound("no process stands in for image " + image)
        self.id = uuid.uuid4().hex * 2
        self.short_id = self.id[:12]
        self.name = options.get("name")
        self.labels = options.get("labels") or {}
        self._log = tempfile.TemporaryFile()
        gateway = "127.0.0.1:" + os.environ["GATEWAY_PORT"]
        outside = "host.docker.internal:" + os.environ["GATEWAY_PORT"]
        task = {key: str(value).replace(outside, gateway) for key, value in (options.get("environment") or {}).items()}
        here = {"PATH": os.environ["PATH"], "HOME": "/tmp", "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        command = given["entrypoint"] + (options.get("command") or given["command"])
        self._process = subprocess.Popen(command, cwd=given["cwd"], stdout=self._log, stderr=subprocess.STDOUT,
                                         env={**here, **task, **given.get("environment", {})})
        _containers[self.id] = self

    @property
    def status(self):
        return "running" if self._process.poll() is None else "exited"

    @property
    def attrs(self):
        code = self._process.poll()
        state = {"Status": self.status, "Running": code is None, "ExitCode": code or 0, "Error": "", "OOMKilled": False,
                 "StartedAt": "", "FinishedAt": ""}
        network = {"Networks": {}, "Ports": {}, "IPAddress": ""}
        return {"Id": self.id, "State": state, "NetworkSettings": network, "Config": {"Labels": self.labels},
                "Image": "sha256:stand-in"}

    def reload(self):
        pass

    def wait(self, **_):
        return {"StatusCode": self._process.wait()}

    def logs(self, stream=False, **_):
        if stream:
            self._process.wait()
            return iter(self._read().splitlines(keepends=True))
        return self._read()

    def stop(self, **_):
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def kill(self, **_):
        if self._process.poll() is None:
            self._process.kill()

    def remove(self, **_):
        self.kill()
        _containers.pop(self.id, None)

    def _read(self):
        return os.pread(self._log.fileno(), 1 << 24, 0)


class Containers:
    def run(self, image, **options):
        return Container(image, options)

    def get(self, wanted):
        for container in _containers.values():
            if wanted and (container.id.startswith(wanted) or container.name == wanted):
                return container
        raise errors.NotFound("no such container")

    def list(self, **_):
        return list(_containers.values())


class Image:
    id = "sha256:stand-in"
    attrs = {"RepoDigests": []}


class Images:
    def get(self, image):
        if image not in IMAGES:
            raise errors.ImageNotFound(image)
        return Image()

    def pull(self, image, **_):
        return self.get(image)


class DockerClient:
    containers = Containers()
    images = Images()

    def ping(self):
        return True


def from_env(**_):
    return DockerClient()
