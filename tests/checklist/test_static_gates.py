"""What files, project settings and supplied names are found to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.catalog.model import Catalog, Column, Table
from agent.checklist import layout, lint, schema, types
from agent.checklist.case import Case, Owing
from agent.checklist.contract import documents_in, path_problems
from agent.checklist.names import environment_names, file_names, function_names
from agent.checklist.stamps import stamp_problems
from agent.contract.model import Contract
from agent.receipts import Outcome
from tests.checklist.conftest import CaseOf
from tools.reports import Finding


@pytest.mark.parametrize(
    ("code", "rule"),
    [("E501", "RUF-LINE"), ("UP006", "RUF-TARGET"), ("invalid-syntax", "RUF-TARGET"), ("F401", "RUF-SELECT")],
)
def test_findings_of_ruff_count_for_their_rule(code: str, rule: str) -> None:
    assert lint.rule_of(Finding("a.py", 1, code, "")) == rule


@pytest.mark.parametrize(
    ("code", "rule"), [("no-any-return", "MYP-RETURN-ANY"), ("syntax", "MYP-VERSION"), ("arg-type", "MYP-STRICT")]
)
def test_findings_of_mypy_count_for_their_rule(code: str, rule: str) -> None:
    assert types.rule_of(Finding("a.py", 1, code, "")) == rule


def test_names_are_judged_by_the_syntax_tree() -> None:
    files = {
        "src/good_name.py": "def good_name() -> None: ...\n",
        "src/BadName.py": 'import os\nclass A:\n    def badName(self): return os.environ["dbUrl"]\n',
        ".env.example": "LOG_LEVEL=info\nlogLevel=info\n",
    }
    assert file_names(files) == ["src/BadName.py: rename it to snake_case"]
    assert function_names(files) == ["src/BadName.py:3: function badName is not snake_case"]
    assert [problem.split(": ")[0] for problem in environment_names(files)] == ["src/BadName.py:3", ".env.example:2"]


def test_layers_are_judged_by_imports_that_are_used() -> None:
    files = {
        "src/api/routes/books.py": "from src.repositories.books import BookRepository\n",
        "src/services/books.py": "import asyncpg\n",
        "src/services/orders.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import asyncpg\n",
        "src/repositories/books.py": "import asyncpg\n",
    }
    problems = layout.layer_problems(files)
    assert any(problem.startswith("src/api/routes/books.py") for problem in problems)
    assert any(problem.startswith("src/services/books.py") for problem in problems)
    assert not any("orders" in problem or "src/repositories/books.py" in problem for problem in problems)


@pytest.mark.parametrize(
    ("wanted", "good"), [(">=3.12", True), (">=3.13", False), (">=3.9", False), ("==3.12.*", True)]
)
def test_the_project_asks_for_a_new_enough_python(wanted: str, good: bool) -> None:
    assert (not layout.python_problems(wanted)) is good


def test_the_lock_tells_the_current_release() -> None:
    found = layout.locked("fastapi==0.165.0 \\\n    --hash=sha256:abc\nuvicorn==0.54.0\n", "fastapi")
    assert str(found) == "0.165.0"


def test_only_openapi_documents_are_taken_for_documents() -> None:
    files = {
        "openapi.yaml": "openapi: 3.1.0\npaths: {}\n",
        "compose.yaml": "services: {openapi: {}}\n",
        "broken.json": '{"openapi": ',
        "notes.md": "openapi: 3.1.0\npaths: {}\n",
    }
    assert [path for path, _ in documents_in(files)] == ["openapi.yaml"]


def test_paths_are_kebab_case_and_collections_plural(contract: Contract) -> None:
    operation = contract.operation("GET /notes/{note_id}")
    assert not path_problems(operation)
    assert path_problems(replace(operation, path="/note/{id}")) == ["note is a collection, and not plural"]
    assert path_problems(replace(operation, path="/orderItems")) == ["orderItems is not kebab-case"]


def test_a_breach_of_the_supplied_schema_is_the_inputs(good: Case) -> None:
    column = Column("id", "integer", "int4", nullable=False, default=None)
    table = Table("OrderItem", (column,), ("id",))
    case = replace(good, catalog=Catalog((table,), (), (), "", ()))
    found = schema.settle(case, Owing.of(case))
    breaches = {receipt.rule for receipt in found.receipts if receipt.outcome is Outcome.INPUT}
    assert breaches == {"DBS-UUID", "NAM-TABLE"}
    assert stamp_problems(table) == ["OrderItem has no column created_at", "OrderItem has no column updated_at"]


async def test_a_contradicting_configuration_fails_its_rule(case_of: CaseOf) -> None:
    case = case_of(
        {"ruff.toml": 'target-version = "py310"\nline-length = 100\n', "mypy.ini": "[mypy]\nstrict = false\n"}
    )
    owing = Owing.of(case)
    failed = {
        receipt.rule
        for found in (await lint.settle(case, owing), await types.settle(case, owing))
        for receipt in found.receipts
        if receipt.outcome is Outcome.FAILED
    }
    assert failed == {"RUF-TARGET", "MYP-STRICT"}
