"""A listing names what there is room for, counts the rest, and leaves nothing out."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as some

from tools.files import Entry
from tools.listing import listed

CLOSED = re.compile(r"(?P<path>.+)/ \((?P<count>\d+) files; list it to see them\)")


def entries(*paths: str) -> list[Entry]:
    return [Entry(path, 7) for path in paths]


def test_a_small_project_is_named_whole_in_order() -> None:
    found = listed(entries("src/b.py", "src/a/x.py", "pyproject.toml"), ".", 60)
    assert found == ["pyproject.toml (7 bytes)", "src/a/x.py (7 bytes)", "src/b.py (7 bytes)"]


def test_folders_that_do_not_fit_are_counted_and_small_ones_named() -> None:
    many = entries(*(f"src/services/s{number:02}.py" for number in range(40)), "src/core/clock.py", "src/main.py")
    assert listed(many, "src", 10) == [
        "src/core/clock.py (7 bytes)",
        "src/main.py (7 bytes)",
        "src/services/ (40 files; list it to see them)",
    ]


def test_a_folder_that_is_asked_for_is_named_whatever_it_holds() -> None:
    many = entries(*(f"src/services/s{number:02}.py" for number in range(40)))
    assert len(listed(many, "./src/services/", 10)) == 40


NAMES = some.sampled_from(("a", "b", "c d", "é"))
PATHS = some.lists(some.lists(NAMES, min_size=1, max_size=5).map("/".join).map("{}.py".format), unique=True)


@given(PATHS, some.integers(0, 12))
def test_each_file_is_named_or_counted_once(paths: list[str], room: int) -> None:
    lines = listed(entries(*paths), ".", room)
    closed = {found["path"]: int(found["count"]) for line in lines if (found := CLOSED.fullmatch(line))}
    named = {line.removesuffix(" (7 bytes)") for line in lines} - {line for line in lines if CLOSED.fullmatch(line)}
    assert {path for path in paths if not any(path.startswith(f"{one}/") for one in closed)} == named
    for folder, count in closed.items():
        assert count == sum(path.startswith(f"{folder}/") for path in paths)
    direct = len({path.split("/")[0] for path in paths})
    assert len(lines) <= max(room, direct)
