"""Renders the templates beside it. Same input, same bytes; knows nothing of the runtime but the shapes below."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from prompts.marking import marked, visible

if TYPE_CHECKING:
    from jinja2 import Environment

FAILURES_SHOWN = 20
"""With all details; of what fails beyond it only the names are shown."""
TRIES_SHOWN = 3
"""Of those who worked on it before; the latest."""


class RuleText(Protocol):
    """A rule, as far as a prompt needs it."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def gate(self) -> str: ...
    @property
    def stacks(self) -> Collection[str]: ...


class RulebookText(Protocol):
    """All rules, in their order."""

    @property
    def rules(self) -> Mapping[str, RuleText]: ...


@dataclass(frozen=True, slots=True)
class HoleView:
    """A function whose body is missing."""

    name: str
    """Qualified: `src.services.tickets.TicketService.merge`."""
    file: str
    line: int
    source: str
    """Signature and docstring as they stand in the file."""
    operation: str
    """`POST /tickets/{ticketId}/merge`."""
    reason: str = ""
    """Why it could not be derived."""
    contract: str = ""
    """The part of the API document that is about the operation, as YAML."""


@dataclass(frozen=True, slots=True)
class FailureView:
    """A failing obligation, as its receipt tells it."""

    obligation: str
    """`CON-PARITY:GET /books`."""
    rule: str
    """The rule in words."""
    ran: str = ""
    found: str = ""
    reproduce: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileView:
    """A part of a file."""

    path: str
    text: str
    first_line: int = 1


@dataclass(frozen=True, slots=True)
class TryView:
    """What came of working on it before."""

    said: str
    """The last words; a claim."""
    ended: str = ""
    """Why it ended early."""
    found: tuple[str, ...] = ()
    """What in the changes only made checks pass."""


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """What one assignment shows to the developer."""

    title: str
    """What it is about: `src/services/tickets.py`, `GET /books`."""
    task: str
    """The task's title."""
    description: str = ""
    acceptance: tuple[str, ...] = ()
    from_nothing: bool = False
    """The project has no file yet."""
    existing: bool = False
    """The project is a service that others wrote."""
    conventions: tuple[FileView, ...] = ()
    """How others write in it."""
    holes: tuple[HoleView, ...] = ()
    failures: tuple[FailureView, ...] = ()
    contract: str = ""
    """The part of the API document that the failures are about, as YAML."""
    tables: str = ""
    """The tables that all of it touches, as text."""
    files: tuple[FileView, ...] = ()
    """What stands around it."""
    tried: tuple[TryView, ...] = ()
    """What came of working on it before, the latest last."""


@dataclass(frozen=True, slots=True)
class RefusedView:
    """A function that was tried, and what the checks found."""

    source: str
    why: str


@dataclass(frozen=True, slots=True)
class FillingView:
    """What a model is shown that is asked for one function and has no tools."""

    hole: HoleView
    stack: str = ""
    """Whose way of asking the database is shown, where the function can ask it by itself."""
    head: str = ""
    """Signature and docstring alone; empty: as they stand in the file, with what stands there in place of a body."""
    within: str = ""
    """The class that it stands in."""
    description: str = ""
    beside: str = ""
    """A function that is written already, as an example."""
    around: tuple[FileView, ...] = ()
    """Outlines of what the function can call."""
    types: str = ""
    """Classes that it takes and gives."""
    tables: str = ""
    refused: RefusedView | None = None


def persona(rulebook: RulebookText, stack: str) -> str:
    """The developer's instructions on one stack: role, way of working, and every rule of that stack by gate.

    Raises `jinja2.TemplateNotFound` for a stack without a page in `stacks/`.
    """
    rules = sorted((rule for rule in rulebook.rules.values() if stack in rule.stacks), key=_gate_order(rulebook))
    gates = [(str(gate), list(members)) for gate, members in groupby(rules, key=lambda rule: rule.gate)]
    return _render("persona.md.j2", stack=stack, gates=gates)


def assignment(view: AssignmentView) -> str:
    """What the developer is asked to do next. Everything from outside is marked as data."""
    return _render("assignment.md.j2", view=view, shown=FAILURES_SHOWN, tries_shown=TRIES_SHOWN)


def filling(view: FillingView) -> str:
    """What a model is asked that is to write one function, without tools."""
    return _render("filling.md.j2", view=view)


def summary(delivery: Mapping[str, Any]) -> str:
    """The delivery report for people, from the content of `report.json`."""
    return _render("summary.md.j2", d=delivery)


def _gate_order(rulebook: RulebookText) -> Any:
    """Gates in the order in which their first rule stands in the rulebook; rules keep theirs."""
    order = list(dict.fromkeys(rule.gate for rule in rulebook.rules.values()))
    return lambda rule: order.index(rule.gate)


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values).strip() + "\n"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("prompts", "."),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"fenced": fenced, "marked": marked, "code": code, "plain": plain, "numbered": numbered}
    return environment


def fenced(text: str, language: str = "") -> str:
    """A code block that its content cannot end, however many backticks it holds."""
    shown = visible(text.rstrip())
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def code(text: object) -> str:
    """Inline code on one line."""
    line = visible(" ".join(str(text).split()))
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    padded = f" {line} " if line.startswith("`") or line.endswith("`") else line
    return f"{fence}{padded}{fence}".replace("|", "\\|") if line else ""


def plain(text: object) -> str:
    """Text on one line in which Markdown and HTML mean nothing."""
    return re.sub(r"([\\`*_\[\]<>|#~!])", r"\\\1", visible(" ".join(str(text).split())))


def numbered(text: str, first: int = 1) -> str:
    """Lines with their numbers."""
    lines = text.splitlines()
    width = len(str(first + len(lines)))
    return "\n".join(f"{first + index:>{width}}  {line}" for index, line in enumerate(lines))
