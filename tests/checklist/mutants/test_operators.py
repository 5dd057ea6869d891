"""Which small changes are tried, and which are not."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checklist.mutants.planning import planned


def changes(body: str, *, head: str = "async def work(self, page, rows, found):") -> set[tuple[str, bool]]:
    """The changed bodies of a function, on one line, and whether a boundary was moved."""
    text = "\n".join([head, *(f"    {line}" for line in body.split("\n"))])
    path = "src/services/books.py"
    found = set()
    for one in planned({path: text}, 7):
        source = text.encode()
        changed = (source[: one.start] + one.text.encode() + source[one.end :]).decode()
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text))
        found.add((changed.partition("\n")[2].strip(), one.edge))
    return found


@pytest.mark.parametrize(
    ("body", "changed", "edge"),
    [
        ("if page < 3: stop()", "if (page <= 3): stop()", True),
        ("if page < 3: stop()", "if page < 4: stop()", True),
        ("if found is None: stop()", "if (found is not None): stop()", False),
        ("if await found(): stop()", "if not (await found()): stop()", False),
        ("raise NotFound", "pass", False),
        ("raise HTTPException(404)", "raise HTTPException(405)", True),
        ("await rows.delete(page)", "pass", False),
        ("return page", "return None", False),
        ("x = page - 1", "x = (page + 1)", True),
        ("x = page and found", "x = (page or found)", False),
        ("x = not found", "x = (found)", False),
        ("x = {'a': page, 'b': found}", "x = {'a': page}", False),
        ("x = rows(page=page)", "x = rows(page=None)", False),
        ("x = select(rows).where(page).all()", "x = (select(rows)).all()", False),
        ("x = 'SELECT a FROM b WHERE c = $1'", "x = ('SELECT a FROM b WHERE (c = $1 OR TRUE)')", False),
        ("x = 'books.price >= {}'", "x = ('books.price > {}')", True),
        ("x = f'SELECT {page} FROM b WHERE c < $1'", "x = (f'SELECT {page} FROM b WHERE c <= $1')", True),
    ],
)
def test_what_is_changed(body: str, changed: str, edge: bool) -> None:
    assert (changed, edge) in changes(body)


@pytest.mark.parametrize(
    "body",
    [
        "log.info(page)",
        "self._logger.warning('%d', page - 1)",
        "assert page > 3",
        "x: int",
        "'a docstring with WHERE a = $1'",
        "x = 'plain text'",
        "raise NotFound('page 7')\n",
        "x = rows(timeout=page)",
    ],
)
def test_what_no_test_has_to_notice_is_left_alone(body: str) -> None:
    assert not {one for one, _ in changes(body)} - {"pass"}


@pytest.mark.parametrize("head", ["def __init__(self, page, rows, found):", "@cache\ndef work(page, rows, found):"])
def test_functions_that_are_left_alone(head: str) -> None:
    assert not changes("return page - 1", head=head)


FILES = {
    "src/services/books.py": "def a(x):\n    return x - 1\ndef b(x):\n    if x > 1:\n        raise No\n    return x\n",
    "src/repositories/books.py": "class B:\n    async def c(self):\n        await self.d()\n        return self.e\n",
    "src/core/other.py": "def f(x):\n    return x + 1\n",
}


@given(st.integers(0, 2**32))
def test_every_function_has_its_turn_before_one_has_a_second(seed: int) -> None:
    found = planned(FILES, seed)
    assert {one.file for one in found} == {"src/services/books.py", "src/repositories/books.py"}
    plain = [one.function for one in found if not one.edge]
    assert set(plain[:3]) == {"a", "b", "B.c"}
    assert sorted(found, key=repr) == sorted(planned(FILES, seed + 1), key=repr)


def test_code_without_layers_is_changed_everywhere() -> None:
    assert {one.file for one in planned({"src/core/other.py": FILES["src/core/other.py"]}, 1)} == {"src/core/other.py"}


@given(st.text(), st.text())
def test_any_text_can_stand_beside_it(before: str, after: str) -> None:
    """Positions are counted in bytes, whatever characters the file holds."""
    text = f"def a(x):\n    y = {before!r}\n    return x - 1, {after!r}\n"
    for one in planned({"src/services/a.py": text}, 1):
        source = text.encode()
        ast.parse(source[: one.start] + one.text.encode() + source[one.end :])
