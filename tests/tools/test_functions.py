"""A whole function is replaced by its name; everything around it keeps its bytes."""

from __future__ import annotations

import ast
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.errors import EditFailed
from tools.functions import FunctionPlace, find_function, replace_function

TEXT = '''"""Orders."""

import logging   # kept as it stands


class OrderService:
    """What can be done."""

    limit = 3

    # why it is here
    @audited
    async def cancel(self, number: int) -> None:
        """Cancel it."""
        raise NotImplementedError  # yet

    def total( self ) -> int:    # odd spacing
        return 1


def cancel() -> None: ...
'''
CANCEL = FunctionPlace("src/services/orders.py", "OrderService.cancel")
NEW = '''
async def cancel(self, number: int) -> None:
    """Cancel it."""
    text = """
first line
  second
"""
    await self._orders.cancel(number, text)
'''


def test_only_the_function_changes() -> None:
    changed = replace_function(TEXT, CANCEL, NEW)
    before, after = TEXT.split("    async def cancel")[0], TEXT.partition("  # yet\n")[2]
    assert changed.startswith(before)
    assert changed.endswith(after)
    body = changed[len(before) : -len(after)]
    assert body.splitlines()[:3] == [
        "    async def cancel(self, number: int) -> None:",
        '        """Cancel it."""',
        '        text = """',
    ]
    assert '\nfirst line\n  second\n"""\n' in body, "texts of several lines are not indented"


@pytest.mark.parametrize("indent", ["", "    ", "            ", "\t"])
def test_the_source_may_be_indented_in_any_way(indent: str) -> None:
    lines = ("def total(self) -> int:", "    if self.limit:", "        return 2", "    return 3")
    source = "".join(f"{indent}{line}\n" for line in lines)
    changed = replace_function(TEXT, FunctionPlace("a.py", "OrderService.total"), source)
    assert "".join(f"    {line}\n" for line in lines) in changed


def test_decorators_and_comments_of_the_source_take_the_place_of_the_old_ones() -> None:
    changed = replace_function(TEXT, CANCEL, "# another reason\n@traced\nasync def cancel(self) -> None: ...\n")
    assert "    # another reason\n    @traced\n    async def cancel(self) -> None: ...\n" in changed
    assert "audited" not in changed
    assert "why it is here" not in changed


def test_a_function_of_the_module_is_not_the_method_of_the_same_name() -> None:
    changed = replace_function(TEXT, FunctionPlace("a.py", "cancel"), "def cancel() -> None:\n    return\n")
    assert changed == TEXT.replace("def cancel() -> None: ...\n", "def cancel() -> None:\n    return\n")


def test_imports_above_the_function_join_those_of_the_file() -> None:
    source = "from uuid import UUID, uuid4 as made\nimport logging\nimport os.path\n\n\ndef total(self) -> int: ...\n"
    changed = replace_function(TEXT, FunctionPlace("a.py", "OrderService.total"), source)
    below = (
        "import logging   # kept as it stands\nfrom uuid import UUID\nfrom uuid import uuid4 as made\nimport os.path\n"
    )
    assert below in changed
    assert "    def total(self) -> int: ...\n" in changed
    again = replace_function(changed, FunctionPlace("a.py", "OrderService.total"), source)
    assert again == changed, "what is imported already is not imported twice"


def test_a_file_without_imports_gets_them_below_its_docstring() -> None:
    for text, above in (('"""Sums."""\n\ndef total(): ...\n', '"""Sums."""\n'), ("def total(): ...\n", "")):
        changed = replace_function(text, FunctionPlace("a.py", "total"), "import os\n\ndef total(): return os.name\n")
        assert changed.startswith(f"{above}import os\n")
        assert ast.parse(changed)


BAD: dict[str, tuple[str, str]] = {
    "no syntax": ("def total(self:\n    return 1", "line 1 of the source: .*: def total"),
    "another name": ("def totals(self): ...", "the function `total` and nothing else"),
    "more than it": ("LIMIT = 3\ndef total(self): ...", "nothing else, but for imports"),
    "something below it": ("def total(self): ...\nimport os", "nothing else, but for imports"),
    "no function": ("total = 3", "nothing else"),
    "nothing": ("", "nothing else"),
    "null byte": ("def total(self):\0 ...", "total"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_such_function_is_refused_with_the_place(name: str) -> None:
    source, says = BAD[name]
    with pytest.raises(EditFailed, match=says):
        replace_function(TEXT, FunctionPlace("a.py", "OrderService.total"), source)


def test_a_name_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(EditFailed, match=r"no function OrderService\.cancle; nearest: OrderService\.cancel"):
        replace_function(TEXT, FunctionPlace("a.py", "OrderService.cancle"), "def cancle(): ...")


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(EditFailed, match=r"a 2 times; use edit_file"):
        replace_function("def a(): ...\ndef a(): ...\n", FunctionPlace("a.py", "a"), "def a(): pass")


def test_a_file_that_is_broken_already_is_to_be_mended_first() -> None:
    with pytest.raises(EditFailed, match=r"a\.py: line 1 cannot be parsed"):
        replace_function("def (:\n", FunctionPlace("a.py", "a"), "def a(): ...")


PATHS = ("src/services/orders.py", "src/repositories/orders.py", "src/main.py", "src/core/__init__.py", "tests/x.py")


@pytest.mark.parametrize(
    ("name", "path", "inner"),
    [
        ("src.services.orders.OrderService.cancel", "src/services/orders.py", "OrderService.cancel"),
        ("services.orders.OrderService.cancel", "src/services/orders.py", "OrderService.cancel"),
        ("main.create", "src/main.py", "create"),
        ("src.core.start", "src/core/__init__.py", "start"),
    ],
)
def test_a_name_leads_to_its_file(name: str, path: str, inner: str) -> None:
    assert find_function(PATHS, name) == FunctionPlace(path, inner)


def test_a_name_that_fits_several_files_is_refused_with_all_of_them() -> None:
    with pytest.raises(EditFailed, match=r"src/repositories/orders\.py, src/services/orders\.py; name it in full"):
        find_function(PATHS, "orders.cancel")


def test_a_module_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(EditFailed, match=r"no file has this module; nearest: src\.services\.orders"):
        find_function(PATHS, "src.service.order.cancel")


@settings(deadline=None, max_examples=60)
@given(name=st.text(max_size=40), source=st.text(max_size=80) | st.text("def total(self):\n \t#\"'\\", max_size=80))
def test_whatever_is_written_either_fits_or_is_refused(name: str, source: str) -> None:
    with contextlib.suppress(EditFailed):
        assert find_function(PATHS, name).path in PATHS
    with contextlib.suppress(EditFailed):
        assert ast.parse(replace_function(TEXT, FunctionPlace("a.py", "OrderService.total"), source))
