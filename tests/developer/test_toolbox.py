"""The tools work on a real service in the sandbox, and say what is wrong in a way that a model can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.developer.toolbox import Toolbox
from tests.developer.conftest import Play, text_of
from tests.wire.server import Call
from tools.errors import ServerUnavailable

NOTES = "src/services/notes.py"


async def test_a_model_reads_searches_and_changes_files(play: Play, folder: Path) -> None:
    played = await play(
        [Call("list_files", {"folder": "src/services"})],
        [Call("read_file", {"path": NOTES, "first_line": 1, "last_line": 3})],
        [Call("search_files", {"pattern": r"class \w+Service", "folder": "src"})],
        [Call("write_file", {"path": "src/core/clock.py", "content": '"""Time."""\n'})],
        [Call("edit_file", {"path": NOTES, "old": '"""One of them."""', "new": '"""A single one."""'})],
    )
    listed, read, found, wrote, edited = map(text_of, played.results)
    assert f"{NOTES} (" in listed
    assert read.splitlines()[0].split("\t") == ["     1", '"""What can be done with notes."""']
    assert len(read.splitlines()) == 3
    assert f"{NOTES}:10: class NoteService:" in found.splitlines()
    assert (wrote.split(";")[0], edited.split(";")[0]) == ("wrote src/core/clock.py", f"edited {NOTES}")
    assert (folder / "src/core/clock.py").read_text() == '"""Time."""\n'
    assert "A single one." in (folder / NOTES).read_text()
    assert played.worked.said == "It is done."


REFUSED: dict[str, tuple[Call, str]] = {
    "missing file": (Call("read_file", {"path": "src/none.py"}), "src/none.py: there is no such file"),
    "missing folder": (Call("list_files", {"folder": "nowhere"}), "nowhere: there is no such file or folder"),
    "folder": (Call("read_file", {"path": "src"}), "src"),
    "outside": (Call("read_file", {"path": "../secret"}), "not allowed"),
    "absolute": (Call("write_file", {"path": "/etc/passwd", "content": ""}), "relative"),
    "git": (Call("write_file", {"path": ".git/config", "content": ""}), "belongs to the runtime"),
    "no match": (Call("edit_file", {"path": NOTES, "old": "class NoteServices:", "new": "x"}), NOTES),
    "broken edit": (Call("edit_file", {"path": NOTES, "old": "class NoteService:", "new": "class ("}), "line 10"),
    "broken function": (
        Call("replace_function", {"name": "src.services.notes.NoteService.get", "source": "def get(:"}),
        "line 1 of the source",
    ),
    "no such function": (
        Call("replace_function", {"name": "services.notes.NoteService.fetch", "source": "def fetch(): ..."}),
        "has no function NoteService.fetch",
    ),
    "broken file": (Call("write_file", {"path": "src/new.py", "content": "def f(:\n"}), "line 1"),
    "expression": (Call("search_files", {"pattern": "("}), "no regular expression"),
    "option": (Call("run_tests", {"only": ["--co"]}), "no options"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_a_tool_refuses_is_a_failed_call_with_its_reason(play: Play, folder: Path, name: str) -> None:
    call, reason = REFUSED[name]
    before = (folder / NOTES).read_text()
    played = await play([call])
    assert played.result["is_error"]
    assert reason in text_of(played.result)
    assert played.worked.failure == ""
    assert (folder / NOTES).read_text() == before
    assert not (folder / "src/new.py").exists()


WRONG: dict[str, Call] = {
    "unknown tool": Call("run_shell", {"command": "ls"}),
    "missing argument": Call("read_file", {}),
    "wrong type": Call("read_file", {"path": 3}),
    "unknown argument": Call("read_file", {"path": NOTES, "colour": "red"}),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_call_that_fits_no_tool_is_told_to_the_model(play: Play, name: str) -> None:
    played = await play([WRONG[name]])
    assert played.result["is_error"]
    assert played.worked.failure == ""


async def test_several_calls_of_one_answer_are_answered_together(play: Play) -> None:
    paths = ("src/services/notes.py", "src/services/accounts.py", "src/none.py")
    played = await play([Call("read_file", {"path": path, "last_line": 1}) for path in paths])
    assert [len(answer.tools) for answer in played.answers][:2] == [3, 0]
    assert [bool(result.get("is_error")) for result in played.results] == [False, False, True]


async def test_a_long_result_is_cut_and_says_so(play: Play, folder: Path) -> None:
    (folder / "long.txt").write_text("".join(f"line {number}\n" for number in range(5_000)))
    played = await play([Call("read_file", {"path": "long.txt"})])
    assert len(text_of(played.result)) < 13_000
    assert "characters more" in text_of(played.result)


async def test_check_formats_and_shows_what_lint_and_types_find(play: Play, folder: Path) -> None:
    addition = "\n\ndef add(a: int, b: int) -> int:\n    unused   = 1\n    return str(a)\n"
    (folder / NOTES).write_text((folder / NOTES).read_text() + addition)
    played = await play([Call("check", {})])
    told = text_of(played.result)
    assert "F841" in told
    assert "Incompatible return value type" in told
    assert "unused = 1" in (folder / NOTES).read_text()


async def test_a_function_is_replaced_by_its_name(play: Play, folder: Path) -> None:
    before = (folder / NOTES).read_text()
    source = "async def get(self, owner: Account, note: UUID) -> Note:\n    return str(owner)\n"
    played = await play(
        [Call("check", {})], [Call("replace_function", {"name": "services.notes.NoteService.get", "source": source})]
    )
    told = text_of(played.results[1])
    assert told.startswith(f"replaced services.notes.NoteService.get in {NOTES}; ")
    assert "Incompatible return value type" in told or "call `check`" in told
    assert (
        "    async def get(self, owner: Account, note: UUID) -> Note:\n        return str(owner)\n"
        in (folder / NOTES).read_text()
    )
    assert (folder / NOTES).read_text().partition("class NoteService")[0] == before.partition("class NoteService")[0]


async def test_what_an_edit_breaks_is_told_at_once(service: Toolbox, folder: Path) -> None:
    """Without a limit of time that a busy machine could miss; what formatting repairs is not worth a word."""
    await service.stack.check_types(service.workspace)
    addition = "\nimport os\n\ndef add(a: int, b: int) -> int:\n    unused   = 1\n    return str(a)\n"
    (folder / NOTES).write_text((folder / NOTES).read_text() + addition)
    report = await service.stack.check_file(service.workspace, NOTES, seconds=60)
    assert {finding.code for finding in report.findings} == {"E402", "ARG001", "F841", "return-value"}
    assert report.crashed == ""


async def test_a_check_that_takes_too_long_is_left_out(service: Toolbox) -> None:
    report = await service.stack.check_file(service.workspace, NOTES, seconds=0.01)
    assert report.crashed


async def test_a_file_that_is_no_code_is_not_checked(play: Play) -> None:
    played = await play([Call("write_file", {"path": "notes.md", "content": "x\n"})])
    assert text_of(played.result) == "wrote notes.md"


@pytest.mark.parametrize("tool", ["edit_file", "write_file", "replace_function"])
async def test_a_file_that_changed_since_it_was_read_is_not_changed(play: Play, folder: Path, tool: str) -> None:
    arguments = {
        "edit_file": {"path": f"./{NOTES}", "old": "class NoteService:", "new": "class NoteKeeper:"},
        "write_file": {"path": NOTES, "content": "x = 1\n"},
        "replace_function": {"name": "services.notes.NoteService.get", "source": "def get(): ..."},
    }
    read = Call("read_file", {"path": NOTES, "last_line": 3})
    meanwhile = [Call("run_tests", {"only": ["tests/test_writing.py"]})]
    (folder / "tests" / "test_writing.py").write_text(
        "from pathlib import Path\n\n\ndef test_writes() -> None:\n"
        f"    path = Path({NOTES!r})\n    path.write_text('# changed\\n' + path.read_text())\n"
    )
    played = await play([read], meanwhile, [Call(tool, arguments[tool])], [read], [Call("read_file", {"path": NOTES})])
    refused = played.results[2]
    assert refused["is_error"]
    assert "has changed since you saw it, from line 1 on; nothing was written. Read it again" in text_of(refused)
    assert (folder / NOTES).read_text().startswith("# changed\n")
    assert "class NoteService:" in (folder / NOTES).read_text()


async def test_what_formatting_changed_is_told_and_known(play: Play, folder: Path) -> None:
    (folder / NOTES).write_text((folder / NOTES).read_text() + "\n\nLIMIT   = 3\n")
    played = await play(
        [Call("read_file", {"path": NOTES})],
        [Call("check", {})],
        [Call("edit_file", {"path": NOTES, "old": "LIMIT = 3", "new": "LIMIT = 4"})],
    )
    assert "formatting changed:" in text_of(played.results[1])
    assert "-LIMIT   = 3\n+LIMIT = 3" in text_of(played.results[1])
    assert "LIMIT = 4" in (folder / NOTES).read_text()


async def test_check_finds_nothing_in_a_good_service(play: Play) -> None:
    played = await play([Call("check", {})])
    assert text_of(played.result).split("\n") == ["nothing found", "nothing found"]


async def test_tests_run_on_an_empty_database_and_failures_come_first(play: Play, folder: Path) -> None:
    broken = (folder / NOTES).read_text().replace('raise NotFound("there is no such note")', "raise KeyError(note)")
    (folder / NOTES).write_text(broken)
    played = await play([Call("run_tests", {})], [Call("run_tests", {"only": ["tests/test_auth.py"]})])
    everything, only_auth = map(text_of, played.results)
    title, first = everything.split("\n")[:2]
    assert "failed" in title
    assert "passed" in title
    assert "% covered" in title
    assert first.startswith("failed tests/test_notes.py::")
    assert "failed" not in only_auth.split("\n")[0]


async def test_a_defect_of_the_runtime_is_not_blamed_on_the_model(play: Play, service: Toolbox) -> None:
    def gone() -> Any:
        raise ServerUnavailable("PostgreSQL is gone")

    toolbox = Toolbox(service.workspace, service.stack, service.files, gone)
    with pytest.raises(ServerUnavailable, match="is gone"):
        await play([Call("run_tests", {})], toolbox=toolbox)
