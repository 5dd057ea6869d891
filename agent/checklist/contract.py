"""The gate contract: the document in the repository, the one that is served, and the one that the code stands for."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import httpx

from agent.binding.words import plural, words
from agent.checklist import sdk
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated
from agent.checklist.pipelines import pipeline_problems, pipelines_in
from agent.checklist.routes import erased
from agent.checklist.running import NotRunning, Running
from agent.checklist.service import LIVENESS, READINESS
from agent.contract.compare import Difference, parity, same_document
from agent.contract.model import Contract, Operation
from agent.contract.yaml_source import YamlProblem, parse_yaml
from agent.errors import ContractError
from agent.receipts import Receipt
from agent.stacks.base import ServiceBroken

RULES: Mapping[str, str] = {
    "CON-DEFINED": "contract: OpenAPI documents in the tree beside the supplied one",
    "CON-PARITY": "contract: the served document, and the one derived from the code, beside the supplied one",
    "PRI-API-FIRST": "contract: operations of the code and of the served document that the supplied one lacks",
    "NAM-PATH": "contract: the supplied paths",
    "API-URLS": "contract: the supplied paths",
    "CON-CI": "contract: steps of the repository's continuous integration",
    **sdk.RULES,
}

_SERVED_AT = ("/openapi.json", "/openapi.yaml", "/docs/openapi.json", "/api-docs")
_SERVED = 'curl --unix-socket "$SOCKET" http://localhost:8000/openapi.json'
_EXEMPT = frozenset({*LIVENESS, *READINESS, *_SERVED_AT, "/", "/metrics", "/docs", "/docs/oauth2-redirect", "/redoc"})
_SOURCES = {"code": "the document derived from the code", "served": "the served document"}
_LARGEST = 8 << 20
_VERBS = frozenset({"get", "create", "update", "delete", "add", "remove", "fetch", "insert", "edit", "modify"})


async def settle(case: Case, owing: Owing, bench: Bench) -> Found:
    """Settle what the gate contract owes."""
    receipts: list[Receipt] = [*_defined(case, owing), *_paths(case, owing), *_pipeline(case, owing)]
    receipts += await sdk.handed_over(case, owing)
    rules = ("CON-PARITY", "PRI-API-FIRST", "CON-SDK")
    try:
        described, served = await _documents(case, bench)
        differences = {"code": parity(case.contract, described)}
        if served is not None:
            differences["served"] = () if _equal(case.contract, served) else parity(case.contract, served)
    except (NotMigrated, NotRunning, ServiceBroken) as error:
        hindered = owing.cannot(rules, str(error), ran="describe and start the service", reproduce=error.reproduce)
        return Found((*receipts, *hindered.receipts))
    except ContractError as error:
        why = f"what the service says of itself is no OpenAPI: {error}"
        return Found((*receipts, *owing.cannot(rules, why, reproduce=_SERVED).receipts))
    receipts += _parity(case.contract, owing, differences, served is not None)
    receipts += _first(case.contract, owing, differences)
    receipts += await sdk.generated(case, owing, served)
    return Found(tuple(receipts))


def documents_in(files: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and content of every OpenAPI document among these files."""
    for path, content in sorted(files.items()):
        if PurePosixPath(path).suffix not in (".json", ".yaml", ".yml") or len(content) > _LARGEST:
            continue
        if "openapi" not in content:
            continue
        document = _parsed(content)
        if isinstance(document, dict) and isinstance(document.get("openapi"), str) and "paths" in document:
            yield path, document


def path_problems(operation: Operation) -> list[str]:
    """Where a path breaks the naming rules: segments that are not kebab-case, collections that are not plural."""
    segments = [one for one in operation.path.split("/") if one]
    problems: list[str] = []
    for number, segment in enumerate(segments):
        if "{" in segment:
            continue
        if segment != segment.lower() or not segment.replace("-", "a").replace(".", "a").isalnum():
            problems.append(f"{segment} is not kebab-case")
        before_an_item = number + 1 < len(segments) and segments[number + 1].startswith("{")
        if before_an_item and plural(segment) != "_".join(words(segment)):
            problems.append(f"{segment} is a collection, and not plural")
    return problems


def nesting_problems(operation: Operation) -> list[str]:
    """Where a path is no collection, item, or collection below an item: items without one, and verbs."""
    segments = [one for one in operation.path.split("/") if one]
    problems: list[str] = []
    for number, segment in enumerate(segments):
        if segment.startswith("{") and (number == 0 or segments[number - 1].startswith("{")):
            problems.append(f"{segment} is the item of no collection")
        said = words(segment) if "{" not in segment else ()
        if said and said[0] in _VERBS and len(said) > 1:
            problems.append(f"{segment} is a verb; the method says what is done")
    return problems


def _defined(case: Case, owing: Owing) -> tuple[Receipt, ...]:
    documents = dict(documents_in(case.workspace.read()))
    differing = {path: same_document(case.contract.document, found) for path, found in documents.items()}
    problems: list[str] = []
    reproduce = "git grep -lE 'openapi\\W+3' -- '*.json' '*.yaml' '*.yml'"
    if not documents:
        problems.append("the repository holds no OpenAPI document; put the supplied one into it as openapi.json")
    elif all(differing.values()):
        path = min(differing, key=lambda one: len(differing[one]))
        problems += [f"{path} is not the supplied document: {one}" for one in differing[path]]
        reproduce = f'diff {shlex.quote(path)} "$API"'
    return owing.judge(
        "CON-DEFINED",
        problems,
        ran="OpenAPI documents of the tree beside the supplied one",
        found=f"{', '.join(path for path, found in differing.items() if not found)} is the supplied document",
        reproduce=reproduce,
        places=list(documents),
    )


def _paths(case: Case, owing: Owing) -> Iterator[Receipt]:
    for subject in owing.subjects("NAM-PATH"):
        problems = path_problems(case.contract.operation(subject))
        yield from owing.blame_input("NAM-PATH", problems, subject=subject, ran="the supplied paths")
    for subject in owing.subjects("API-URLS"):
        problems = nesting_problems(case.contract.operation(subject))
        yield from owing.blame_input("API-URLS", problems, subject=subject, ran="the supplied paths")


def _pipeline(case: Case, owing: Owing) -> tuple[Receipt, ...]:
    files = case.workspace.read()
    problems = pipeline_problems(files, [path for path, _ in documents_in(files)])
    paths = " ".join(map(shlex.quote, pipelines_in(files)))
    return owing.judge(
        "CON-CI",
        problems,
        ran="commands of the pipelines",
        found="a step checks the document",
        reproduce=f"grep -nE 'run:|script:|openapi' {paths}" if paths else "ls -A . .github/workflows",
    )


async def _documents(case: Case, bench: Bench) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """What the code stands for, and what the service serves; started at once, and the first failure ends the other."""
    try:
        async with asyncio.TaskGroup() as both:
            described = both.create_task(case.stack.describe_service(case.workspace))
            served = both.create_task(_from_service(case, bench))
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
    document, elsewhere = described.result().document, described.result().served_at
    return document, served.result() or await _from_service(case, bench, elsewhere)


async def _from_service(case: Case, bench: Bench, paths: Sequence[str] = _SERVED_AT) -> Mapping[str, Any] | None:
    async with bench.turn() as booted:
        return await _served(booted.service, case.contract.base_path, paths)


async def _served(service: Running, base: str, paths: Sequence[str]) -> Mapping[str, Any] | None:
    for path in (*paths, *(base + path for path in paths if base)):
        try:
            reply = await service.ask("GET", path)
        except httpx.HTTPError:
            continue
        document = _parsed(reply.text) if reply.status == 200 else None
        if isinstance(document, dict) and "openapi" in document:
            return document
    return None


def _equal(contract: Contract, document: Mapping[str, Any]) -> bool:
    return not same_document(contract.document, document)


def _parity(
    contract: Contract, owing: Owing, differences: Mapping[str, tuple[Difference, ...]], served: bool
) -> Iterator[Receipt]:
    missing = [] if served else [f"the service serves no OpenAPI document; asked {', '.join(_SERVED_AT)}"]
    for subject in owing.subjects("CON-PARITY"):
        problems = [
            f"{_SOURCES[source]}: {one}"
            for source, found in differences.items()
            for one in found
            if _about(one, subject, contract)
        ]
        yield from owing.judge(
            "CON-PARITY",
            [*problems, *missing],
            subject=subject,
            ran=", ".join(_SOURCES[source] for source in differences),
            found="both say the same as the supplied document",
            reproduce=_SERVED,
        )


def _first(contract: Contract, owing: Owing, differences: Mapping[str, tuple[Difference, ...]]) -> tuple[Receipt, ...]:
    known = {one.key for one in contract.operations}
    extra = [
        f"{_SOURCES[source]} has {one.operation}, which the contract lacks"
        for source, found in differences.items()
        for one in found
        if one.where == "" and one.operation not in known and not _exempt(one.operation, contract.base_path)
    ]
    return owing.judge(
        "PRI-API-FIRST",
        extra,
        ran="operations of the code and of the served document",
        found="every operation is one of the contract",
        reproduce=_SERVED,
    )


def _about(difference: Difference, subject: str, contract: Contract) -> bool:
    method, _, path = difference.operation.partition(" ")
    wanted_method, _, wanted = subject.partition(" ")
    return method == wanted_method and erased(path) in (erased(wanted), erased(contract.base_path + wanted))


def _exempt(operation: str, base: str) -> bool:
    path = operation.partition(" ")[2]
    return path in _EXEMPT or path.removeprefix(base) in _EXEMPT


def _parsed(text: str) -> Any:
    """A JSON or YAML text as data, None when it is neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return parse_yaml(text)
    except YamlProblem:
        return None
