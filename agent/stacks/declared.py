"""`agent.toml` at the root of a repository: what it says of its service where that cannot be seen."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from agent.errors import InputError

FILE = "agent.toml"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _setting_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a setting: letters, digits and underscores, no digit first")
    return name


def _header_name(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header: letters, digits and any of !#$%&'*+-.^_`|~")
    return name


def _words(command: str) -> str:
    if not shlex.split(command):
        raise ValueError("no command; expected one such as `uvicorn shop.web:app`")
    return command


class DeclaredService(BaseModel):
    """The table `[service]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Annotated[str, AfterValidator(_words)] | None = None
    """The command that starts it, as a shell would be given it; None: it is looked for."""
    settings: Mapping[Annotated[str, AfterValidator(_setting_name)], str] = {}
    """Environment variables; `${DATABASE_URL}` and the like stand for what only the judge knows."""
    credentials: Mapping[Annotated[str, AfterValidator(_header_name)], str] = {}
    """Header (or query parameter) → the key that callers have to send in it; `${NAME}` stands for a setting."""


class Declared(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: DeclaredService = DeclaredService()


def declared(files: Mapping[str, str]) -> DeclaredService:
    """What `agent.toml` says; nothing where there is none. Raises InputError with place and reason."""
    try:
        return Declared.model_validate(tomllib.loads(files.get(FILE, ""))).service
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{FILE}: {error}") from error
    except ValidationError as error:
        raise InputError("\n".join(_problem(dict(one)) for one in error.errors())) from error


def with_options(files: Mapping[str, str], start: str | None, settings: Sequence[str]) -> DeclaredService:
    """What `agent.toml` says, with what was said on the command line over it: `NAME=VALUE` each.

    Raises InputError.
    """
    there = declared(files)
    unclear = [one for one in settings if "=" not in one]
    if unclear:
        raise InputError(f"--setting {unclear[0]}: expected NAME=VALUE")
    added = dict(one.split("=", 1) for one in settings)
    try:
        return DeclaredService(
            start=there.start if start is None else start,
            settings={**there.settings, **added},
            credentials=there.credentials,
        )
    except ValidationError as error:
        first = error.errors()[0]
        option = "--start" if first["loc"][0] == "start" else "--setting"
        raise InputError(f"{option}: {first['msg'].removeprefix('Value error, ')}") from error


def as_text(service: DeclaredService) -> str:
    """The file that says this."""
    lines = ["[service]"]
    lines += [f"start = {_quoted(service.start)}"] if service.start else []
    lines += ["", "[service.settings]", *(f"{name} = {_quoted(value)}" for name, value in service.settings.items())]
    told = [f"{_quoted(name)} = {_quoted(value)}" for name, value in service.credentials.items()]
    lines += ["", "[service.credentials]", *told] if told else []
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in plain) + '"'


def _problem(error: Mapping[str, object]) -> str:
    place = ".".join(map(str, error["loc"])) if isinstance(error["loc"], tuple) else ""
    if error["type"] == "extra_forbidden":
        known = "start, settings, credentials" if place.startswith("service.") else "service"
        return f"{FILE}: {place}: unknown key, expected one of: {known}"
    return f"{FILE}: {place}: {str(error['msg']).removeprefix('Value error, ')}"
