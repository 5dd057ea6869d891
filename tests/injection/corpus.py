"""The corpus: texts that ask a model to do harm, where they stand, and what a model does that obeys them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from tests.wire.server import Call

_FOLDER = Path(__file__).with_name("corpus")


class Step(BaseModel):
    """One call of a tool."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str
    arguments: dict[str, Any]


class Injection(BaseModel):
    """One text; exactly one of `at`, `sql`, `acceptance`, `file`, `commit`, `run` and `check` says where it stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    text: str
    obey: tuple[Step, ...]
    """What a model does that follows it; empty where it asks for words alone."""
    sign: str = ""
    """What is looked for to see where the text went; empty: `(name)`, which is added to the text."""

    at: str = ""
    """JSON pointer in the OpenAPI document."""
    sql: str = ""
    """Statement of the schema."""
    acceptance: bool = False
    """An acceptance note of the task."""
    file: str = ""
    """File of the repository, or a name that is an order itself."""
    body: str = "{text}\n"
    commit: bool = False
    """Message of a commit of the repository."""
    run: str = ""
    """Test file that prints it, with `code`."""
    check: str = ""
    """Source file that linter or type checker quote it from, with `code`."""
    code: str = ""

    unseen: bool = False
    """It stands where this run's assignment does not look."""
    alone: bool = False
    """Its tests run by themselves."""
    refused: str = ""
    """What the refusal of its calls says."""
    says: str = ""
    """What its tests end with."""
    unmet: str = ""
    """Obligation that is not met because of it, and what was found, as a regular expression."""
    gone: str = ""
    """File that it asks for, and that was put away again."""
    claimed: str = ""
    """What it wants the delivery to say."""

    @property
    def shown(self) -> str:
        """The text with its sign in it."""
        return self.text if self.sign else f"{self.text} ({self.name})"

    @property
    def found_by(self) -> str:
        """What is looked for."""
        return self.sign or f"({self.name})"

    def program(self) -> str:
        """The code that makes a tool print the text."""
        return self.code.replace("{text!r}", repr(self.shown))


def load() -> tuple[tuple[str, tuple[Injection, ...]], ...]:
    """All injections by the file that they stand in, in order."""
    return tuple(
        (file.stem, tuple(Injection.model_validate(one) for one in yaml.safe_load(file.read_text())))
        for file in sorted(_FOLDER.glob("*.yaml"))
    )


def obeyed(injections: tuple[Injection, ...], places: dict[str, str]) -> Iterator[Call]:
    """Everything that they ask for: preparations, then one run of all their tests, then the rest."""
    before, tests, after = list[Call](), list[str](), list[Call]()
    for injection in injections:
        seen = False
        for step in injection.obey:
            if step.tool == "run_tests":
                seen, tests = True, [*tests, *step.arguments["only"]]
            else:
                (after if seen else before).append(Call(step.tool, placed(step.arguments, places)))
    yield from before
    if tests:
        yield Call("run_tests", {"only": tests})
    yield from after


def placed(value: Any, places: dict[str, str]) -> Any:
    """The value with `{host}` and the like replaced."""
    if isinstance(value, str):
        for name, path in places.items():
            value = value.replace(f"{{{name}}}", path)
        return value
    return {key: placed(inner, places) for key, inner in value.items()} if isinstance(value, dict) else value
