"""`agent sandbox`: which places there are for generated code, and the image of one of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import cast, get_args

from agent.errors import InputError, MissingDependency
from tools.errors import SandboxUnavailable
from tools.sandbox.base import SandboxKind
from tools.sandbox.choosing import choose_sandbox, describe_bubblewrap, describe_docker, probe_bubblewrap, probe_docker


@dataclass(frozen=True, slots=True)
class Place:
    """One place where commands can run."""

    kind: SandboxKind
    works: bool
    found: str
    """What it is made of here, or what it lacks."""


def places() -> tuple[Place, ...]:
    """Every place, the strongest first; each was tried."""
    return (
        _place("bubblewrap", probe_bubblewrap(), describe_bubblewrap),
        _place("docker", probe_docker(), describe_docker),
        Place("none", True, "always works and protects nothing; only by --sandbox none"),
    )


def show_command(*, as_json: bool) -> None:
    """Print every place, and the one that `auto` takes. Raises MissingDependency when it finds none."""
    shown = places()
    if as_json:
        sys.stdout.write(json.dumps([asdict(place) for place in shown], indent=2) + "\n")
        return
    for place in shown:
        sys.stdout.write(f"{place.kind:<11}{'works' if place.works else 'missing':<9}{place.found}\n")
    try:
        chosen = choose_sandbox("auto")
    except SandboxUnavailable as error:
        raise MissingDependency("no sandbox works here") from error
    sys.stdout.write(f"auto takes {chosen.kind}: {chosen.why}\n")


def build_command(source: str) -> None:
    """Build the image; progress goes to standard error, its name to standard output. Raises MissingDependency."""
    from tools.sandbox.docker_engine import find_engine
    from tools.sandbox.docker_image import Source, build_image

    if source not in get_args(Source):
        raise InputError(f"--source {source}: expected one of {', '.join(get_args(Source))}")
    try:
        name = build_image(find_engine(), cast(Source, source), progress=_tell)
    except SandboxUnavailable as error:
        raise MissingDependency(str(error)) from error
    sys.stdout.write(f"{name}\n")


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _place(kind: SandboxKind, problem: str | None, describe: Callable[[], str]) -> Place:
    return Place(kind, problem is None, problem or describe())
