"""Findings as SARIF 2.1.0, which editors and code scanners read: a result a finding, with file and line where known.

Only what this runtime has to say is modelled. What is met or unchecked is no result; `report.json` has it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from agent import __version__
from agent.delivery.findings import Finding, findings
from agent.delivery.model import Delivery
from agent.receipts import Outcome, Receipt
from agent.rulebook.loading import load_rulebook
from prompts.marking import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "WORKTREE"
_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[1-9]\d{0,8})(?::\d+)?")

Level = Literal["error", "note"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Message(_Part):
    """Text for people."""

    text: str


class ArtifactLocation(_Part):
    """A file of the worktree, or with `uri` alone the worktree itself."""

    uri: str
    uri_base_id: str | None = None


class Region(_Part):
    """A line of a file, counted from one."""

    start_line: int


class PhysicalLocation(_Part):
    """Where in which file."""

    artifact_location: ArtifactLocation
    region: Region | None = None


class LogicalLocation(_Part):
    """What of the service: an operation, a table, its files as a whole."""

    fully_qualified_name: str
    kind: str


class Location(_Part):
    """Where a finding is."""

    physical_location: PhysicalLocation | None = None
    logical_locations: tuple[LogicalLocation, ...] | None = None


class Result(_Part):
    """One finding."""

    rule_id: str
    rule_index: int
    kind: Literal["fail"] = "fail"
    level: Level
    message: Message
    locations: tuple[Location, ...]
    occurrence_count: int
    partial_fingerprints: dict[str, str]
    properties: dict[str, str | list[str]]


class Descriptor(_Part):
    """A rule of the rulebook."""

    id: str
    short_description: Message
    help: Message
    properties: dict[str, str]


class Driver(_Part):
    """Who found it."""

    name: str
    semantic_version: str
    rules: tuple[Descriptor, ...]


class Tool(_Part):
    """The wrapper that SARIF wants around a driver."""

    driver: Driver


class Invocation(_Part):
    """How the run ended."""

    execution_successful: bool
    exit_code: int


class Run(_Part):
    """One delivery."""

    tool: Tool
    invocations: tuple[Invocation, ...]
    results: tuple[Result, ...]
    original_uri_base_ids: dict[str, ArtifactLocation] | None = None
    column_kind: Literal["unicodeCodePoints"] = "unicodeCodePoints"
    properties: dict[str, str]


class Log(_Part):
    """A SARIF file."""

    schema_address: str = Field(default=SCHEMA, alias="$schema")
    version: Literal["2.1.0"] = "2.1.0"
    runs: tuple[Run]


def sarif(delivery: Delivery) -> Log:
    """What is not met, and what the supplied contract or schema breaks itself (`note`), as one SARIF log."""
    unwritten = {hole.operation: f"{hole.file}:{hole.line}" for hole in delivery.holes}
    found = [("error", _placed(one, unwritten)) for one in findings(delivery.receipts)]
    found += [("note", _supplied(one)) for one in delivery.receipts if one.outcome is Outcome.INPUT]
    rules = tuple(dict.fromkeys(one.rule for _, one in found))
    root = delivery.worktree and ArtifactLocation(uri=f"{delivery.worktree.absolute().as_uri()}/")
    run = Run(
        tool=Tool(driver=Driver(name="backend-developer-agent", semantic_version=__version__, rules=_rules(rules))),
        invocations=(Invocation(execution_successful=delivery.verdict is not None, exit_code=delivery.exit_code),),
        results=tuple(_result("error" if level == "error" else "note", one, rules) for level, one in found),
        original_uri_base_ids={_ROOT: root} if root else None,
        properties={"title": visible(delivery.title), "sentence": visible(delivery.sentence)},
    )
    return Log(runs=(run,))


def sarif_json(delivery: Delivery) -> bytes:
    """The log as a file's content."""
    return sarif(delivery).model_dump_json(by_alias=True, exclude_none=True, indent=2).encode() + b"\n"


def _rules(names: Sequence[str]) -> tuple[Descriptor, ...]:
    known = load_rulebook().rules
    return tuple(
        Descriptor(
            id=name,
            short_description=Message(text=known[name].text if name in known else name),
            help=Message(text=f"How it is proven: {known[name].how if name in known else 'not known'}."),
            properties={"gate": known[name].gate.value} if name in known else {},
        )
        for name in names
    )


def _result(level: Level, finding: Finding, rules: Sequence[str]) -> Result:
    properties: dict[str, str | list[str]] = {"subjects": [visible(one) for one in finding.subjects]}
    properties |= {"rules": list(finding.rules)} if len(finding.rules) > 1 else {}
    properties |= {
        name: visible(text) for name, text in (("ran", finding.ran), ("reproduce", finding.reproduce)) if text
    }
    return Result(
        rule_id=finding.rule,
        rule_index=rules.index(finding.rule),
        level=level,
        message=Message(text=visible(finding.found) or finding.name),
        locations=tuple(_locations(finding)),
        occurrence_count=len(finding.subjects),
        partial_fingerprints={"obligations/v1": _fingerprint(finding)},
        properties=properties,
    )


def _locations(finding: Finding) -> Iterator[Location]:
    """Files first: code scanners show the first location alone."""
    logical = tuple(LogicalLocation(fully_qualified_name=visible(one), kind=_kind(one)) for one in finding.subjects)
    physical = [_physical(place) for place in finding.places]
    for place in physical[:-1]:
        yield Location(physical_location=place)
    yield Location(physical_location=physical[-1] if physical else None, logical_locations=logical)


def _physical(place: str) -> PhysicalLocation:
    parts = _PLACE.fullmatch(place)
    file = ArtifactLocation(uri=quote(parts["file"] if parts else place), uri_base_id=_ROOT)
    return PhysicalLocation(artifact_location=file, region=Region(start_line=int(parts["line"])) if parts else None)


def _kind(subject: str) -> str:
    if " " in subject:
        return "function"
    return "module" if subject in ("files", "service") else "object"


def _fingerprint(finding: Finding) -> str:
    """The same for the same rule and subjects, whatever the seed and the lines of this run were."""
    named = "\n".join([*sorted(finding.rules), *sorted(finding.subjects)])
    return hashlib.sha256(named.encode(errors="surrogatepass")).hexdigest()[:32]


def _placed(finding: Finding, unwritten: Mapping[str, str]) -> Finding:
    """With the functions that nobody has written, where the finding is about their operations."""
    places = (*finding.places, *(unwritten[one] for one in finding.subjects if one in unwritten))
    return finding.model_copy(update={"places": tuple(dict.fromkeys(places))})


def _supplied(receipt: Receipt) -> Finding:
    return Finding(
        rule=receipt.rule,
        gate=receipt.gate,
        rules=(receipt.rule,),
        subjects=(receipt.subject,),
        found=f"broken by the supplied contract or schema: {receipt.found}",
        ran=receipt.ran,
        reproduce="",
        places=(),
    )
