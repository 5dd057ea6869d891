"""Patches fit by their lines alone, exactly once, or are refused with place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import InputError
from evals.defects.patches import changed_files, read_patch

CODE = "one\ntwo\nthree\ntwo\n"


def changed(patch: str, folder: Path) -> dict[str, str | None]:
    return dict(changed_files(read_patch(patch, "some.patch"), folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text(CODE)
    return tmp_path


def test_lines_are_exchanged_where_they_stand(folder: Path) -> None:
    patch = "A title\n\n--- code.py\n+++ code.py\n@@\n one\n-two\n+2\n@@\n-three\n+3\n"
    assert changed(patch, folder) == {"code.py": "one\n2\n3\ntwo\n"}


def test_files_come_and_go(folder: Path) -> None:
    patch = "--- /dev/null\n+++ new.py\n@@\n+new\n--- code.py\n+++ /dev/null\n"
    assert changed(patch, folder) == {"new.py": "new\n", "code.py": None}


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ("--- code.py\n+++ code.py\n@@\n-four\n", "some.patch:1: the patch does not fit: its lines stand 0 times"),
        ("--- code.py\n+++ code.py\n@@\n-two\n", "its lines stand 2 times in code.py, not once"),
        ("Title\n--- gone.py\n+++ gone.py\n@@\n-two\n", "some.patch:2: the patch does not fit: there is no gone.py"),
        ("--- /dev/null\n+++ code.py\n@@\n+two\n", "code.py is there already"),
        ("--- code.py\n+++ other.py\n@@\n-two\n", "renames code.py to other.py"),
        ("--- code.py\n+++ code.py\n-two\n", "expected a line `@@`"),
        ("--- code.py\n+++ code.py\n@@\n*two\n", "begins with a blank, `-` or `+`"),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, patch: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        changed(patch, folder)
    assert told in str(refused.value)


@given(above=st.lists(st.sampled_from(["x = 1\n", "\n", "# three\n"])), text=st.text(alphabet="ab+- @\n", max_size=20))
def test_what_others_write_above_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, above: list[str], text: str
) -> None:
    folder = tmp_path_factory.mktemp("above")
    (folder / "code.py").write_text("".join(above) + CODE)
    added = "".join(f"+{line}\n" for line in text.split("\n"))
    assert changed(f"--- code.py\n+++ code.py\n@@\n three\n{added}", folder) == {
        "code.py": "".join(above) + CODE.replace("three\n", f"three\n{text}\n")
    }
