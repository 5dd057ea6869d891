"""What the templates need to know of an operation: its route, and the steps of the service's method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.binding.model import Action, Bound
from agent.contract.model import Answer
from agent.stacks.python_fastapi.blueprint.annotations import PlannedParameter, Typed
from agent.stacks.python_fastapi.blueprint.text import docstring, literal, one_line

_CHANGING = ("post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class PlannedBody:
    """How the route takes the request's body."""

    type: str
    """`NewBook`, or `bytes` where the body is read as it comes."""
    marker: str
    """`Form()` and the like; empty for `application/json`."""
    required: bool
    """Whether the route insists on it: forms are read field by field, so all of them are."""
    nullable: bool = False

    @property
    def optional(self) -> bool:
        """Whether the service may be called without."""
        return not self.raw and (self.nullable or not self.required)

    @property
    def raw(self) -> bool:
        """Read as bytes."""
        return self.type == "bytes"

    @property
    def service_type(self) -> str:
        """As the service's method takes it."""
        return f"{self.type} | None" if self.optional else self.type

    @property
    def annotation(self) -> str:
        """As the route takes it; a body that may be left out may still not be null."""
        if self.nullable:
            return f"Annotated[{self.type} | None, {self.marker or 'Body()'}]"
        if self.required:
            return f"Annotated[{self.type}, {self.marker}]" if self.marker else self.type
        return f"Annotated[{self.type} | SkipJsonSchema[None], {self.marker or 'Body()'}]"


@dataclass(frozen=True, slots=True)
class PlannedAnswer:
    """What a good answer looks like."""

    status: int
    description: str
    type: str
    """Class of the body; `None` for no body, `Response` for anything but JSON."""
    declared: bool
    """False when the contract names no such status."""
    response_class: str = ""
    """Class of `src/api/media.py`, where the contract calls JSON otherwise than `application/json`."""
    media: str = "application/json"
    """What a JSON answer says it is."""


@dataclass
class Steps:
    """The body of a service's method, in the parts that the templates put together."""

    checks: list[str] = field(default_factory=list)
    """Calls that must come back true, else there is no such thing."""
    above: list[str] = field(default_factory=list)
    """Lines that read what stands above in the path."""
    find: str = ""
    """Call that gives the row, None when there is none."""
    missing: str = "NotFound"
    """What is raised where there is no row."""
    forbidden: str = ""
    """True when the row is another's."""
    write: str = ""
    """Call that creates, changes or deletes."""
    before: list[str] = field(default_factory=list)
    """Lines before everything else."""
    between: list[str] = field(default_factory=list)
    """Lines between reading and answering."""
    answer: str = ""
    """Expression of the answer's body."""
    counted: bool = False
    total_header: str = ""


@dataclass
class PlannedOperation:
    """One operation."""

    bound: Bound
    name: str
    """Of the route's function and the service's method."""
    path: str
    parameters: tuple[PlannedParameter, ...]
    body: PlannedBody | None
    answer: PlannedAnswer
    responses: tuple[tuple[str, str], ...]
    """(Status as in source, constant or literal) of the other declared answers."""
    caller: str
    """Alias of the dependency that gives the caller; empty when nobody needs to sign in."""
    optional_caller: bool
    steps: Steps | None
    """None: a hole."""
    reason: str = ""
    extra: str = ""
    """`openapi_extra`, as source."""
    used: frozenset[str] = frozenset()
    """Names of the arguments that the service's method takes."""

    @property
    def action(self) -> Action | None:
        """What it does, None for a hole."""
        return self.bound.action if self.steps else None

    @property
    def key(self) -> str:
        """`GET /books`."""
        return self.bound.operation.key

    @property
    def decorator(self) -> str:
        """Arguments of the route's decorator."""
        operation = self.bound.operation
        said = [literal(self.path), f"operation_id={literal(one_line(operation.id))}"]
        said += [f"summary={literal(one_line(operation.summary))}"] if operation.summary.strip() else []
        if self.answer.status != 200:
            said.append(f"status_code={self.answer.status}")
        if self.answer.type == "Response":
            said.append("response_model=None")
        if self.answer.response_class:
            said.append(f"response_class={self.answer.response_class}")
        if self.answer.type in ("None", "Response") and self.answer.status not in (204, 205, 304):
            said.append("response_class=Response")
        if self.answer.description.strip():
            said.append(f"response_description={literal(one_line(self.answer.description))}")
        if self.responses:
            said.append("responses={" + ", ".join(f"{status}: {what}" for status, what in self.responses) + "}")
        if self.caller and not self.takes_caller:
            said.append(f"dependencies=[Depends({self.caller_function})]")
        said += [f"openapi_extra={self.extra}"] if self.extra else []
        return ", ".join(said) + ","

    @property
    def happens_once(self) -> bool:
        """Whether its answer may be kept for whoever asks again: it changes something, and gives no tokens."""
        opens = self.bound.action in (Action.LOGIN, Action.REFRESH) or bool(self.bound.tokens)
        return self.bound.operation.method in _CHANGING and not opens

    @property
    def takes_caller(self) -> bool:
        """Whether the service's method takes the caller."""
        return bool(self.caller) and "caller" in self.used

    @property
    def takes_url(self) -> bool:
        """Whether the service's method takes the address that was asked, to tell those of other pages."""
        return "url" in self.used

    @property
    def kept(self) -> bool:
        """Whether its answer may be given to the next who asks the same: everybody may read it, and it is the same."""
        places = {one.location for one in self.bound.operation.parameters}
        reads = self.action in (Action.LIST, Action.RETRIEVE) and places <= {"path", "query"}
        plain = self.answer.status == 200 and self.answer.type not in ("None", "Response")
        plain = plain and self.answer.media == "application/json"
        plain = plain and not self.takes_url
        return reads and plain and not self.caller and not (self.steps and self.steps.total_header)

    @property
    def writes(self) -> bool:
        """Whether it may change what others read; sessions are no part of that."""
        sessions = (Action.LOGIN, Action.REFRESH, Action.LOGOUT)
        return self.bound.operation.method not in ("get", "head", "options") and self.action not in sessions

    @property
    def caller_function(self) -> str:
        """The dependency's function."""
        from agent.stacks.python_fastapi.blueprint.naming import snake

        return snake(self.caller)

    @property
    def caller_type(self) -> Typed:
        """Of the service's argument."""
        return Typed("Caller | None" if self.optional_caller else "Caller")

    @property
    def arguments(self) -> tuple[tuple[str, str], ...]:
        """(Name, type) of the service's arguments, all by keyword."""
        found = [(one.name, one.inner.text) for one in self.parameters if one.name in self.used]
        if self.takes_caller:
            found.append(("caller", self.caller_type.text))
        if self.body and "body" in self.used:
            found.append(("body", self.body.service_type))
        if self.takes_url:
            found.append(("url", "str"))
        return tuple(found)

    @property
    def returns(self) -> str:
        """The return type of the service's method."""
        header = self.steps.total_header if self.steps else ""
        return f"tuple[{self.answer.type}, int]" if header else self.answer.type

    @property
    def route_docstring(self) -> str:
        """Of the route's function."""
        operation = self.bound.operation
        return docstring(_sentence(operation.summary or operation.description or operation.key), indent=4)

    @property
    def service_docstring(self) -> str:
        """Of the service's method: for a hole, everything that somebody needs who fills it."""
        operation = self.bound.operation
        summary = _sentence(operation.summary or operation.key)
        if self.steps is not None:
            return docstring(summary, operation.description, indent=8)
        answers = "Answers:\n" + "\n".join(_answer_line(one) for one in operation.answers)
        return docstring(
            summary,
            operation.description,
            answers if operation.answers else "",
            f"Not derived from the contract and the schema: {one_line(self.reason)}." if self.reason else "",
            indent=8,
        )

    @property
    def hole_arguments(self) -> str:
        """What the error of a hole is raised with."""
        return ", ".join([literal(self.key), *(name for name, _ in self.arguments)])


def _sentence(text: str) -> str:
    told = one_line(text)
    return told if told.endswith((".", "!", "?")) else f"{told}."


def _answer_line(answer: Answer) -> str:
    return f"- {answer.status}: {one_line(answer.description)}"


def call(target: str, arguments: Mapping[str, str] | tuple[str, ...]) -> str:
    """A call as source: by keyword for a mapping, by position for a tuple."""
    said = [f"{k}={v}" for k, v in arguments.items()] if isinstance(arguments, Mapping) else list(arguments)
    return f"{target}({', '.join(said)})"
