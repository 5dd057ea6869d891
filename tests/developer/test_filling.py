"""A model without tools is asked for one function at a time; the checks choose among what it answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.developer.allowance import Allowance
from agent.developer.filling import SAMPLES_OF_ONES_OWN, Filled, Filler, function_in, named_tests
from agent.developer.material import surroundings, written_beside
from agent.developer.models import open_model
from agent.developer.toolbox import Toolbox
from agent.developer.working import ModelEvent
from agent.errors import BudgetExhausted
from agent.journal.events import ModelAnswered, ModelAsked
from prompts.rendering import FillingView, HoleView
from tests.wire.server import AnthropicServer, Asked, Fail, Say, Turn, anthropic_server
from tools.outlining import outline, outline_of

NOTES = "src/services/notes.py"
NAME = "src.services.notes.NoteService.get"
WRITTEN = """        row = await self._notes.get(user, note)
        if row is None:
            raise NotFound("there is no such note")
        return Note.model_validate(row)

    async def change("""
HEAD = "async def get(self, user: UUID, note: UUID) -> Note:\n"
RIGHT = HEAD + (
    "    row = await self._notes.get(user, note)\n    if row is None:\n"
    '        raise NotFound("there is no such note")\n    return Note.model_validate(row)\n'
)
WRONG_TYPE = HEAD + "    return await self._notes.count(user)\n"
FORGETFUL = HEAD + "    return Note.model_validate(await self._notes.get(user, note))\n"
HOLE = HoleView(NAME, NOTES, 1, HEAD + '    raise OperationNotImplemented("GET /notes/{id}")', "GET /notes/{id}")


@pytest.fixture
def unwritten(service: Toolbox, folder: Path) -> str:
    """The file with one function that nobody has written, and a test that is named after it."""
    text = (folder / NOTES).read_text()
    assert text.count(WRITTEN) == 1
    hole = text.replace(WRITTEN, '        raise OperationNotImplemented("GET /notes/{id}")\n\n    async def change(')
    (folder / NOTES).write_text(hole)
    tests = folder / "tests" / "test_notes.py"
    tests.write_text(tests.read_text().replace("test_a_note_is_read", "test_get_a_note"))
    assert named_tests(HOLE, service.workspace.read()) == ("tests/test_notes.py::test_get_a_note",)
    return hole


class Result:
    """What came of it."""

    def __init__(self, filled: Filled, events: list[ModelEvent], server: AnthropicServer) -> None:
        self.filled = filled
        self.answers = [event for event in events if isinstance(event, ModelAnswered)]
        self.asked = [asked.opening for asked in server.asked]
        self.allowed = [asked.body["max_tokens"] for asked in server.asked]
        self.reserved = [event.reserved.output_tokens for event in events if isinstance(event, ModelAsked)]


async def ask(service: Toolbox, monkeypatch: pytest.MonkeyPatch, *answers: Turn) -> Result:
    """Let a model that has no tools answer so, one sample after the other."""
    left, events = list(answers), list[ModelEvent]()

    def script(asked: Asked) -> Turn:
        assert not asked.body.get("tools")
        return left.pop(0)

    with anthropic_server(script) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        filler = Filler(open_model("anthropic:qwen2.5-coder"), service, events.append, Allowance)
        filled = await filler.fill(FillingView(HOLE))
        assert server.refused == []
    return Result(filled, events, server)


def block(source: str) -> Turn:
    return [Say(f"Here it is:\n\n```python\n{source}```\nIt does what was asked.")]


async def test_the_checks_choose_the_sample_that_stays(
    service: Toolbox, folder: Path, unwritten: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = await ask(service, monkeypatch, block(WRONG_TYPE), block(FORGETFUL), block(RIGHT))
    assert result.filled == Filled(NAME, kept=True)
    assert unwritten != (folder / NOTES).read_text()
    assert WRITTEN in (folder / NOTES).read_text()
    first, second, third = result.asked
    assert "refused" not in first
    assert 'Incompatible return value type (got "int", expected "Note")' in second
    assert "failed tests/test_notes.py::test_get_a_note" in third
    assert "OperationNotImplemented" in first
    assert len(result.answers) == 3


async def test_what_the_checks_refuse_is_taken_back(
    service: Toolbox, folder: Path, unwritten: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unparsable, other = block(HEAD), block("async def fetch(self) -> None: ...\n")
    again = [block(HOLE.source + "\n")] * (SAMPLES_OF_ONES_OWN - 2)
    result = await ask(service, monkeypatch, unparsable, other, *again)
    assert not result.filled.kept
    assert len(result.answers) == SAMPLES_OF_ONES_OWN
    assert result.filled.why == "the function still says that it is not written"
    assert (folder / NOTES).read_text() == unwritten
    assert "line 1 of the source" in result.asked[1]
    assert "the function `get` and nothing else" in result.asked[2]


async def test_a_model_that_writes_no_function_is_not_asked_again(
    service: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = await ask(service, monkeypatch, [Say("It is written already.")])
    assert result.filled == Filled(NAME, kept=False, why="it answered without a function")


async def test_an_answer_may_only_be_as_long_as_a_function(service: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that does not find its end would write on for minutes."""
    result = await ask(service, monkeypatch, [Say("I do not know how to do this.")])
    assert result.allowed == result.reserved == [2_048]


async def test_trouble_of_the_provider_ends_it(service: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    result = await ask(service, monkeypatch, Fail(400, "invalid_request_error"))
    assert result.filled.ended
    assert result.filled.ended.provider
    assert "400" in result.filled.why


async def test_no_request_is_sent_when_nothing_is_left(service: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> Allowance:
        raise BudgetExhausted("4 model requests")

    with anthropic_server(lambda _: [Say("x")]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        filler = Filler(open_model("anthropic:qwen2.5-coder"), service, lambda _: None, nothing)
        worked = await filler.fill_all([FillingView(HOLE), FillingView(HOLE)])
    assert server.asked == []
    assert worked.failure == "4 model requests"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("```python\ndef a(): ...\n```", "def a(): ..."),
        ("First:\n```\nnpm i\n```\nthen\n```py\nasync def a():\n    return 1\n```", "async def a():\n    return 1"),
        ("def a(): ...", "def a(): ..."),
        ("```python\ndef a():\n    return 1", "def a():\n    return 1"),
        ("```python\ndef a(): ...\n```\nand\n```python\ndef get(): ...\n```", "def get(): ...\n"),
        ("```python\nimport b\nclass A:\n    def get(self): ...\n```", "import b\ndef get(self): ...\n"),
        ("I cannot do that.", ""),
        ("", ""),
    ],
)
def test_the_function_is_found_in_an_answer(answer: str, found: str) -> None:
    assert function_in(answer, HOLE) == found


def test_what_the_function_can_call_is_shown_in_short(service: Toolbox) -> None:
    own, *others = surroundings(HOLE, service.workspace.read())
    assert own.path == NOTES
    assert "from src.core.exceptions import NotFound" in own.text
    repository = next(file for file in others if file.path == "src/repositories/notes.py")
    assert "class NoteRepository:" in repository.text
    assert "    async def get(self, " in repository.text
    assert "SELECT" not in repository.text


def test_names_from_several_imports_of_one_module_are_all_shown() -> None:
    """What needs them is shown with them, and the rest of a long file is left out."""
    text = "from src.shapes import Order\nfrom src.shapes import Paper\n\nasync def get(self) -> Order: ...\n"
    long = "".join(f"class Shape{number}:\n    side: int\n    height: int\n\n" for number in range(60))
    shapes = f"class Order:\n    id: int\n\nclass Paper:\n    size: int\n\n{long}"
    _, shown = surroundings(HOLE, {NOTES: text, "src/shapes.py": shapes})
    assert shown.text == "class Order:\n    id: int\nclass Paper:\n    size: int"


def test_an_outline_keeps_names_types_and_first_lines() -> None:
    text = 'class A(B):\n    """What it is."""\n\n    x: int\n\n    async def f(self, a: int) -> str:\n        ...\n'
    assert outline(text) == ("class A(B):  # What it is.\n    x: int\n    async def f(self, a: int) -> str: ...")
    assert outline("def (:") == ""


SHAPES = """
from enum import StrEnum

class Kind(StrEnum):
    a = "a"

class Item:
    kind: Kind

class Order:
    items: list[Item]

    def _sum(self) -> int: ...
    def total(self) -> int: ...

class Other:
    order: Order

def _made() -> Order: ...
def made() -> Order: ...
"""


def test_an_outline_of_some_names_holds_what_they_refer_to_and_nothing_private() -> None:
    assert outline_of(SHAPES, ["Order"]) == (
        "class Kind(StrEnum):\nclass Item:\n    kind: Kind\n"
        "class Order:\n    items: list[Item]\n    def total(self) -> int: ..."
    )
    assert outline_of(SHAPES).endswith("class Other:\n    order: Order\ndef made() -> Order: ...")
    assert outline_of("def (:", ["a"]) == ""


def test_of_a_long_file_what_is_imported_is_shown_however_far_below_it_stands() -> None:
    shapes = "".join(f"class Shape{number}:\n    field_of_it: int\n" for number in range(500))
    files = {"src/services/a.py": "from src.schemas.api import Shape499\n", "src/schemas/api.py": shapes}
    _, shown = surroundings(HoleView("src.services.a.A.f", "src/services/a.py", 1, "", ""), files)
    assert shown.text == "class Shape499:\n    field_of_it: int"


def test_a_function_that_is_written_and_refuses_something_is_the_example() -> None:
    open_one = "    async def get(self) -> int:\n        raise OperationNotImplemented\n"
    plain = "    async def count(self) -> int:\n        return 1\n"
    good = "    async def find(self) -> int:\n        if not self.row:\n            raise NotFound\n        return 1\n"
    files = {
        "src/services/a.py": f"class A:\n{open_one}{plain}",
        "src/services/b.py": f"class B:\n{good}",
        "src/other/c.py": f"class C:\n{good}",
    }
    hole = HoleView("src.services.a.A.get", "src/services/a.py", 1, "", "")
    assert written_beside(hole, files, {"get"}).startswith("async def find(self) -> int:\n    if not self.row:")
    assert written_beside(hole, {"src/services/a.py": f"class A:\n{open_one}"}, {"get"}) == ""
