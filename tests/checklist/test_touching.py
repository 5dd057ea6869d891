"""After an edit those tests are asked first that ran what was edited, and none where more than bodies changed."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pytest

from agent.checklist.touching import Chosen, Ran, choose, shape_of, shapes_of

SERVICE = "src/services/books.py"
BEFORE = {
    SERVICE: textwrap.dedent("""\
        from src.rows import Row

        LIMIT = 20


        class Books:
            @staticmethod
            def price(row: Row) -> int:
                return sum(one for one in row.parts)

            def list(self, limit: int = LIMIT) -> list[Row]:
                return self.rows[:limit]


        def unused() -> int:
            return 1
        """),
    "tests/test_books.py": "def test_price():\n    assert True\n\ndef test_list():\n    assert True\n",
    "tests/test_other.py": "def test_other():\n    assert True\n",
    "README.md": "# Books\n",
}
PRICE, LIST, OTHER = (
    "tests/test_books.py::test_price",
    "tests/test_books.py::test_list",
    "tests/test_other.py::test_other",
)
SEEN: dict[str, dict[str, tuple[int, ...]]] = {
    PRICE: {SERVICE: (7, 9)},
    LIST: {SERVICE: (11,)},
    OTHER: {"src/other.py": (7, 9, 11)},
}


def after(changes: Mapping[str, str | None], broken: tuple[str, ...] = (), most: int = 40) -> Chosen:
    files = {path: text for path, text in {**BEFORE, **changes}.items() if text is not None}
    return choose(Ran(shapes=shapes_of(BEFORE), tests=SEEN, broken=broken), shapes_of(files), most)


def edited(old: str, new: str) -> dict[str, str | None]:
    assert BEFORE[SERVICE].count(old) == 1
    return {SERVICE: BEFORE[SERVICE].replace(old, new)}


def test_the_tests_that_ran_an_edited_function_are_chosen() -> None:
    chosen = after(edited("[:limit]", "[: limit - 1]"))
    assert (chosen.tests, chosen.edited, chosen.why) == ((LIST,), (f"{SERVICE}: Books.list",), "")


def test_what_runs_inside_a_function_is_part_of_it() -> None:
    assert after(edited("one for one", "-one for one")).tests == (PRICE,)


@pytest.mark.parametrize(("old", "new"), [("return 1", "return  1  # one"), ("[:limit]", "[: limit]")])
def test_how_it_is_written_is_no_edit(old: str, new: str) -> None:
    assert after(edited(old, new)).why == "nothing has changed since"


def test_an_edit_that_no_test_ran_is_named() -> None:
    assert after(edited("return 1", "return 2")).why == f"no test ran {SERVICE}: unused"


@pytest.mark.parametrize(
    "changes",
    [
        edited("LIMIT = 20", "LIMIT = 10"),
        edited("limit: int = LIMIT", "limit: int = 5"),
        edited("    @staticmethod\n", ""),
        edited("def unused", "def used"),
        edited("class Books:", "class Books(Row):"),
        edited("return 1", "return ("),
        {SERVICE: None},
        {"src/new.py": "X = 1\n"},
        {"README.md": "# Other\n"},
        {"tests/conftest.py": "X = 1\n"},
        {"tests/test_other.py": None},
    ],
)
def test_nothing_is_chosen_where_more_than_bodies_changed(changes: dict[str, str | None]) -> None:
    chosen = after({**edited("[:limit]", "[: limit - 1]"), **changes})
    assert chosen.tests == ()
    assert "changed outside the bodies of functions" in chosen.why


def test_an_edited_or_new_file_of_tests_is_asked_whole() -> None:
    new = {"tests/test_new.py": "def test_new():\n    assert True\n"}
    changes = {**edited("[:limit]", "[: limit - 1]"), "tests/test_books.py": "def test_list():\n    assert 1\n", **new}
    assert after(changes).tests == ("tests/test_books.py", "tests/test_new.py")


def test_what_was_broken_is_asked_again() -> None:
    assert after(edited("[:limit]", "[: limit - 1]"), broken=(OTHER,)).tests == (OTHER, LIST)


def test_those_that_ran_the_least_come_first_and_no_more_than_allowed() -> None:
    both = BEFORE[SERVICE].replace("[:limit]", "[: limit - 1]").replace("one for one", "-one for one")
    assert after({SERVICE: both}).tests == (LIST, PRICE)
    assert after({SERVICE: both}, most=1).tests == (LIST,)


@pytest.mark.parametrize("text", ["def f(:", "\x00", "(" * 5_000])
def test_what_cannot_be_read_has_one_part(text: str) -> None:
    assert shape_of("src/a.py", text).functions == ()
    assert shape_of("src/a.py", text) != shape_of("src/a.py", f"{text} ")
