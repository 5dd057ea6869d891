"""Continuous integration of the repository: the commands that it runs, and whether one of them checks the document."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from agent.contract.yaml_source import YamlProblem, parse_yaml

_PLACES = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.ya?ml|\.circleci/config\.ya?ml|azure-pipelines\.ya?ml"
    r"|bitbucket-pipelines\.ya?ml|\.woodpecker(/[^/]+)?\.ya?ml|\.forgejo/workflows/[^/]+\.ya?ml"
)
_COMMANDS = frozenset({"run", "script", "command", "commands", "before_script", "after_script", "bash"})
_TOOLS = re.compile(
    r"\b(openapi-spec-validator|openapi_spec_validator|spectral|redocly|vacuum|swagger-cli|swagger-parser|oasdiff|optic"
    r"|schemathesis|st run|prance|openapi-generator(-cli)? validate|ibm-openapi-validator|speccy)\b"
)
_FORGIVEN = re.compile(r"\|\|\s*(true|:|exit 0)\b|;\s*true\s*$|set \+e")


def pipelines_in(files: Mapping[str, str]) -> Mapping[str, str]:
    """Path and content of every pipeline among these files."""
    return {path: content for path, content in files.items() if _PLACES.fullmatch(path)}


def pipeline_problems(files: Mapping[str, str], documents: Collection[str]) -> list[str]:
    """Why continuous integration checks no document: no pipeline, no such step, or one that cannot fail."""
    pipelines = pipelines_in(files)
    if not pipelines:
        return ["the repository has no continuous integration, such as .github/workflows/ci.yml"]
    forgiven: list[str] = []
    for path, content in sorted(pipelines.items()):
        for command, may_fail in commands(content):
            if not _checks(command, documents):
                continue
            if not may_fail and not _FORGIVEN.search(command):
                return []
            forgiven.append(f"{path}: {command.strip()!r} cannot fail")
    return forgiven or [
        f"no step of {', '.join(sorted(pipelines))} checks the OpenAPI document; "
        "add one such as: openapi-spec-validator openapi.json"
    ]


def commands(content: str) -> Iterator[tuple[str, bool]]:
    """Every command line of a pipeline, and whether its failure is overlooked; none where it is no YAML."""
    try:
        parsed = parse_yaml(content)
    except YamlProblem:
        return
    yield from _commands(parsed, forgiven=False)


def _commands(node: Any, *, forgiven: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(node, Mapping):
        if node.get("if") is False or str(node.get("if", "")).strip(" ${}") == "false" or node.get("when") == "never":
            return
        forgiven = forgiven or node.get("continue-on-error") is True or node.get("allow_failure") is True
        for name, value in node.items():
            if name in _COMMANDS:
                yield from ((line, forgiven) for text in _texts(value) for line in _lines(text))
            yield from _commands(value, forgiven=forgiven)
    elif isinstance(node, list):
        for one in node:
            yield from _commands(one, forgiven=forgiven)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            yield from (one for one in value if isinstance(one, str))
        case _:
            return


def _lines(text: str) -> Iterator[str]:
    """The lines of a script without comments, continued ones put together."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "echo ")):
            yield line


def _checks(command: str, documents: Collection[str]) -> bool:
    """A tool for documents, or anything that is told to check one of the documents of the tree."""
    names = {PurePosixPath(path).name for path in documents}
    told = any(name in command for name in names) and re.search(r"\b(check|compare|diff|lint|validate|verify)", command)
    return _TOOLS.search(command) is not None or bool(told)
