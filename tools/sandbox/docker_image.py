"""Builds the sandbox's image: from the Dockerfile, or from Debian packages alone where no registry can be reached."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Literal

from tools.errors import SandboxUnavailable
from tools.sandbox.debian_packages import download_packages, pack_root
from tools.sandbox.docker_engine import RECIPE, REPOSITORY, Engine, image_name
from tools.scratch import scratch_folder

Source = Literal["auto", "dockerfile", "packages"]
_BUILD_SECONDS = 900
_BASES = {"debian": "debian:{version}-slim", "ubuntu": "ubuntu:{version}"}


def build_image(engine: Engine, source: Source = "auto", *, progress: Callable[[str], None] = lambda _: None) -> str:
    """Build the image, and give its name. `auto`: from the Dockerfile, else from packages.

    Raises SandboxUnavailable with what both ways said.
    """
    problem = ""
    if source != "packages":
        try:
            return _from_dockerfile(engine, progress)
        except SandboxUnavailable as error:
            if source == "dockerfile":
                raise
            problem = str(error)
            progress(f"{problem}; building from Debian packages alone")
    try:
        return _from_packages(engine, progress)
    except SandboxUnavailable as error:
        raise SandboxUnavailable("\n".join(filter(None, (problem, str(error))))) from error


def _from_dockerfile(engine: Engine, progress: Callable[[str], None]) -> str:
    from docker.errors import APIError, BuildError, ImageNotFound

    base = _base()
    progress(f"building {image_name()} from {base}")
    try:
        if not engine.client.images.list(name=base):
            engine.client.images.pull(base)
        engine.client.images.build(
            path=str(RECIPE),
            tag=image_name(),
            buildargs={"BASE": base},
            rm=True,
            network_mode="host",
            timeout=_BUILD_SECONDS,
        )
    except (APIError, BuildError, ImageNotFound) as error:
        raise SandboxUnavailable(f"the image cannot be built from {base}: {error}") from error
    return image_name()


def _from_packages(engine: Engine, progress: Callable[[str], None]) -> str:
    with scratch_folder("image") as folder:
        progress("downloading Debian packages")
        names = (RECIPE / "packages.txt").read_text().split()
        packages = download_packages(names, folder)
        progress(f"unpacking {len(packages)} packages")
        root = pack_root(packages, folder / "root.tar")
        repository, _, tag = image_name().partition(":")
        assert repository == REPOSITORY
        engine.client.api.import_image_from_file(str(root), repository=repository, tag=tag)
    return image_name()


def _base() -> str:
    """The image of this machine's distribution, so that interpreters of this machine find their C library."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    pattern = _BASES.get(release.get("ID", ""), "debian:stable-slim")
    return pattern.format(version=release.get("VERSION_ID", "stable"))
