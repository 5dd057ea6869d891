"""Layers are packages or single modules; where there is none of them, nothing was shown to be kept."""

from __future__ import annotations

import pytest

from agent.checklist.bulk import statements_in_loops
from agent.checklist.layers import Layer, code, layer
from agent.checklist.layout import layer_problems
from agent.checklist.mutants.judging import unit_problems
from agent.checklist.mutants.planning import planned
from agent.checklist.structure import injection_problems
from tools.reports import TestReport

ELSEWHERE = {
    "app/main.py": "async def fill(db):\n    for one in (1, 2):\n        await db.execute('INSERT')\n",
    "app/tests/animals_test.py": "async def fill(db):\n    for one in (1, 2):\n        await db.execute('INSERT')\n",
    "versions/1.py": "def upgrade():\n    pass\n",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("src/services/books.py", "services"),
        ("src/services.py", "services"),
        ("src/api/routes.py", "routes"),
        ("src/repositories/books.py", "repositories"),
        ("src/services_old.py", None),
        ("app/services/books.py", None),
    ],
)
def test_a_layer_is_a_package_or_a_module(path: str, found: Layer | None) -> None:
    assert layer(path) == found


def test_what_a_single_module_does_counts_as_well() -> None:
    assert layer_problems({"src/api/routes.py": "import sqlalchemy\n"})
    made = "from src.services import BookService\n\ndef get():\n    return BookService()\n"
    assert injection_problems({"src/api/routes.py": made})


def test_code_that_lies_elsewhere_is_read_all_the_same() -> None:
    assert set(code(ELSEWHERE)) == {"app/main.py"}
    assert [one.place for one in statements_in_loops(ELSEWHERE)] == ["app/main.py:3"]
    assert {one.file for one in planned(ELSEWHERE, 1)} <= {"app/main.py"}


def test_nothing_is_kept_by_having_no_layers() -> None:
    assert injection_problems(ELSEWHERE)
    assert unit_problems(ELSEWHERE, TestReport(("pytest",), (), (), 90.0, 90.0, 90.0))
