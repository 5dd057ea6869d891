"""Reads the commands by which a repository says that it is started: of a Procfile, a Dockerfile, a compose file."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

_SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(\(\))?")
_FOLDERS = ("--app-dir", "--chdir", "--working-dir")
_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_FAR = 2
"""A declaration may lie in folders so deep below the root."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a command starts."""

    target: str
    """`shop.web:app`, or a module alone where the command leaves the name open."""
    factory: bool = False
    folder: str = ""
    """From which the module is imported, relative to the root."""


def start_of(command: str | Sequence[str], folder: str = "") -> Start | None:
    """What a command of uvicorn, gunicorn, hypercorn, granian or `fastapi run` starts; None for any other.

    `folder` is where it is run.
    """
    try:
        words = shlex.split(command, comments=True) if isinstance(command, str) else [*command]
    except ValueError:
        return None
    if len(words) == 3 and posixpath.basename(words[0]) in ("sh", "bash") and words[1].lstrip("-").endswith("c"):
        return start_of(words[2], folder)
    for position, word in enumerate(words):
        name, rest = posixpath.basename(word), words[position + 1 :]
        if name in _SERVERS:
            return _of_server(rest, folder)
        if name == "fastapi" and rest[:1] in (["run"], ["dev"]):
            return _of_fastapi(rest[1:], folder)
    return None


def declared_starts(files: Mapping[str, str]) -> Iterator[Start]:
    """What the files of a repository say, the nearest to the root first."""
    for path in sorted(files, key=lambda path: (path.count("/"), path)):
        folder, name = posixpath.split(path)
        if path.count("/") > _FAR:
            continue
        for command in _commands(name, files[path]):
            if start := start_of(command, folder):
                yield start


def _commands(name: str, text: str) -> Iterator[str | list[str]]:
    if name == "Procfile":
        yield from (line.partition(":")[2] for line in text.splitlines() if line.startswith("web:"))
    elif name == "Dockerfile" or name.startswith("Dockerfile."):
        yield from _of_dockerfile(text)
    elif name in _COMPOSE:
        yield from _of_compose(text)


def _of_dockerfile(text: str) -> Iterator[str | list[str]]:
    """The last CMD first, then the last ENTRYPOINT: as a list or as words for a shell."""
    lines = text.replace("\\\n", " ").splitlines()
    for instruction in ("CMD", "ENTRYPOINT"):
        said = [line.split(maxsplit=1)[1] for line in lines if line.upper().startswith(f"{instruction} ")]
        for one in said[-1:]:
            yield _listed(one) or one


def _of_compose(text: str) -> Iterator[str | list[str]]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return
    services = document.get("services") if isinstance(document, dict) else None
    for service in services.values() if isinstance(services, dict) else ():
        command = service.get("command") if isinstance(service, dict) else None
        if isinstance(command, str) or isinstance(command, list) and all(isinstance(word, str) for word in command):
            yield command


def _listed(text: str) -> list[str] | None:
    try:
        words = json.loads(text)
    except ValueError:
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def _of_server(words: Sequence[str], folder: str) -> Start | None:
    target = next((word for word in words if _TARGET.fullmatch(word)), None)
    if target is None:
        return None
    inner = next((value for option in _FOLDERS if (value := _option(words, option))), "")
    return Start(target, "--factory" in words, _below(folder, inner))


def _of_fastapi(words: Sequence[str], folder: str) -> Start | None:
    path = next((word for word in words if word.endswith(".py")), None)
    if path is None or posixpath.isabs(path):
        return None
    name = _option(words, "--app")
    module = path.removeprefix("./").removesuffix(".py").replace("/", ".")
    return Start(f"{module}:{name}" if name else module, folder=folder)


def _option(words: Sequence[str], name: str) -> str:
    after = (words[position + 1] for position, word in enumerate(words[:-1]) if word == name)
    joined = (word.partition("=")[2] for word in words if word.startswith(f"{name}="))
    return next(after, "") or next(joined, "")


def _below(folder: str, inner: str) -> str:
    """The inner folder seen from the root; where it is absolute, as in an image, the outer one."""
    path = posixpath.normpath(posixpath.join(folder, "" if posixpath.isabs(inner) else inner))
    return "" if path == "." else path
