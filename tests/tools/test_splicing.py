"""Of an answered function the body is taken; head, docstring and imports are those that belong there."""

from __future__ import annotations

import ast

import pytest

from tools.splicing import spliced, with_known_imports, without_docstring

HEAD = 'async def total(self, *, number: int) -> int:\n    """Add it up.\n\n    404 when there is none.\n    """\n'
BEFORE = HEAD + '    raise OperationNotImplemented("GET /total")\n'
FILES = {
    "src/core/exceptions.py": "class NotFound(Exception): ...\nclass Conflict(Exception): ...\n",
    "src/schemas/api.py": "class Total: ...\nclass Twice: ...\n",
    "src/schemas/other.py": "class Twice: ...\n",
    "tests/fakes.py": "class Fake: ...\n",
}
FILE = "from src.core.exceptions import NotFound\n\n\nclass Sums:\n    pass\n"


@pytest.mark.parametrize(
    "answered",
    [
        "async def total(self, *, number: int) -> int:\n    return number\n",
        "def total(self, number):\n    return number\n",
        '@cached\nasync def total(number) -> str:\n    """Something else."""\n    return number\n',
    ],
)
def test_the_body_stands_below_the_head_that_was_there(answered: str) -> None:
    assert spliced(answered, BEFORE) == f"{HEAD}    return number\n"


def test_imports_above_the_function_stay() -> None:
    assert spliced("import math\n\ndef total(number):\n    return math.floor(number)\n", BEFORE).startswith(
        "import math\nasync def total(self, *, number: int) -> int:\n"
    )


@pytest.mark.parametrize(
    ("answered", "before"),
    [
        ("def total(:", BEFORE),
        ("x = 1\n", BEFORE),
        ("", BEFORE),
        ('def total():\n    """Only said."""\n', BEFORE),
        ("def total(): ...\n", BEFORE),
        ("def total():\n    return 1\n", ""),
        ("x = 1\ndef total():\n    return 1\n", BEFORE),
    ],
)
def test_what_has_no_body_to_take_stays_as_it_is(answered: str, before: str) -> None:
    assert spliced(answered, before) == answered


def test_a_long_statement_is_written_in_parts_and_says_the_same() -> None:
    said = "SELECT id, name, price_cents FROM products WHERE category_id = $1 AND discontinued_at IS NULL ORDER BY name"
    found = spliced(f'def total():\n    return f("{said}", 1) + {{"a": "{said}"}}["a"]\n', BEFORE)
    assert max(map(len, found.split('"'))) < 80
    assert [one.value for one in ast.walk(ast.parse(found)) if isinstance(one, ast.Constant)].count(said) == 2


def test_what_is_written_in_parts_or_over_lines_already_stays() -> None:
    body = f'    return ("{"a " * 60}" "b") + """{"c " * 60}\n"""\n'
    assert spliced(f"def total():\n{body}", BEFORE) == HEAD + body


def test_what_is_missing_and_known_is_imported() -> None:
    source = (
        "def total():\n    raise Conflict(Total, datetime.now(UTC), math.pi, NotFound, Twice, Fake, unknown, sum)\n"
    )
    found = with_known_imports(source, FILE, FILES)
    assert found.removesuffix(source).splitlines() == [
        "from src.core.exceptions import Conflict",
        "from src.schemas.api import Total",
        "from datetime import UTC",
        "from datetime import datetime",
        "import math",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "from src.core.exceptions import Conflict\n    raise Conflict",
        "Conflict = 1\n    return Conflict",
        "return [Conflict for Conflict in ()]",
    ],
)
def test_what_the_function_has_by_itself_is_not_imported(body: str) -> None:
    source = f"def total():\n    {body}\n"
    assert with_known_imports(source, FILE, FILES) == source


def test_the_module_is_imported_where_it_is_meant() -> None:
    source = "def total():\n    return datetime.datetime.now()\n"
    assert with_known_imports(source, FILE, FILES) == f"import datetime\n{source}"


def test_what_cannot_be_parsed_stays() -> None:
    assert with_known_imports("def total(:", FILE, FILES) == "def total(:"


def test_a_function_is_shown_without_its_docstring() -> None:
    assert without_docstring(BEFORE) == BEFORE.replace(HEAD, HEAD.partition("\n")[0] + "\n")
    assert without_docstring("def f(:") == "def f(:"
    assert without_docstring('def f():\n    """Only said."""\n') == 'def f():\n    """Only said."""\n'
