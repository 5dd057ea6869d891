"""What is read from `alembic history`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stacks.python_fastapi.history import migrations_of, revision_folders
from tools.sandbox.base import CommandResult

NAMES = st.text("abcdef0123456789_", min_size=1, max_size=12)


def printed(text: str, exit_code: int = 0) -> CommandResult:
    return CommandResult(("alembic", "history"), exit_code, text, "", 0.5)


@given(st.lists(NAMES, unique=True, max_size=8))
def test_a_line_is_read_from_its_beginning(revisions: list[str]) -> None:
    rows = [
        f"{before} -> {after}{' (head)' if after == revisions[-1] else ''}, Adds (what) -> is, missing\n"
        for before, after in zip(["<base>", *revisions], revisions, strict=False)
    ]
    found = migrations_of(printed("".join(reversed(rows))))
    assert found.line == tuple(revisions)
    assert found.heads == tuple(revisions[-1:])


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("<base> -> b (head), Two\n<base> -> a (head), One\n", ("b", "a")),
        ("a, b -> c (head) (mergepoint), M\n<base> -> b, Two\n<base> -> a, One\n", ("c",)),
        ("a -> c (other) (head), C\na -> b (head), B\n<base> -> a (branchpoint), A\n", ("c", "b")),
        ("b (a) -> c (head), C\n<base> -> b, B\n<base> -> a (effective head), A\n", ("c",)),
    ],
    ids=["two beginnings", "merged", "branched", "depending"],
)
def test_what_branches_is_no_line(text: str, heads: tuple[str, ...]) -> None:
    found = migrations_of(printed(text))
    assert found.heads == heads
    assert not found.line


@given(st.text())
def test_whatever_is_printed_is_survived(text: str) -> None:
    assert len(migrations_of(printed(text)).line) <= text.count(" -> ")
    assert not migrations_of(printed(text, exit_code=1)).heads


@pytest.mark.parametrize(
    ("path", "settings", "folders"),
    [
        ("alembic.ini", "script_location = %(here)s/migrations", ("migrations/versions",)),
        ("alembic.ini", "script_location = db", ("db/versions",)),
        ("back/alembic.ini", "script_location = %(here)s/db", ("back/db/versions",)),
        ("alembic.ini", "script_location = shop.data:migrations", ("shop/data/migrations/versions",)),
        (
            "alembic.ini",
            "script_location = db\nversion_locations = %(here)s/db/a:%(here)s/db/b",
            ("db/a", "db/b", "db/versions"),
        ),
        ("alembic.ini", "", ()),
    ],
)
def test_where_revisions_are_stands_in_the_configuration(path: str, settings: str, folders: tuple[str, ...]) -> None:
    assert revision_folders(path, f"[alembic]\n{settings}\n") == folders


@given(st.text())
def test_a_configuration_that_cannot_be_read_names_no_folder(text: str) -> None:
    assert revision_folders("alembic.ini", text) == ()
