"""A developer played from a script: it reads, edits, checks and tests through the tools, as a model would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.wire.server import Asked, Call, Say, Turn
from tests.wire.validation import blocks, unmarked

FILLS = Path(__file__).parent / "fills"
_HEADER = re.compile(r"^# --- (?P<file>\S+): (?P<kind>imports|methods|whole|body|in place)(?: of (?P<name>\w+))?$")
_NUMBER = re.compile(r"^ *\d+\t", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """One change of one file."""

    file: str
    kind: str
    """`imports` to add, `methods` for the repository, the `whole` file, the `body` of a hole, a test `in place` of
    another."""
    name: str
    text: str


def fill(name: str) -> tuple[Section, ...]:
    """The changes of one file of `fills/`."""
    sections: list[Section] = []
    for line in (FILLS / f"{name}.py.txt").read_text().splitlines(keepends=True):
        header = _HEADER.match(line.rstrip())
        if header:
            sections.append(Section(header["file"], header["kind"], header["name"] or "", ""))
        else:
            last = sections[-1]
            sections[-1] = Section(last.file, last.kind, last.name, last.text + line)
    return tuple(sections)


@dataclass(frozen=True, slots=True)
class Filling:
    """Plays the developer: what an assignment's first lines name is filled from these sections.

    An assignment that none of the keys is named in is answered with words alone.
    """

    fills: Mapping[str, Sequence[Section]]
    """Part of the assignment's title → what to change."""
    careful: bool = True
    """Checks and tests its work before it stops."""

    def __call__(self, asked: Asked) -> Turn:
        """The next turn."""
        title = asked.opening.split("\n", 1)[0].replace("\\", "")
        sections = next((found for key, found in self.fills.items() if key in title), None)
        if sections is None:
            return [Say("I see nothing here that I could change.")]
        tests = sorted({section.file for section in sections if section.file.startswith("tests/")})
        turns: list[Turn] = [list(_looks(sections)), list(_reads(sections, asked))]
        edits = list(_edits(sections, asked)) if asked.turn >= 2 else []
        turns.append([Say("I write what is missing."), *edits])
        if self.careful:
            turns += [[Call("check", {})], [Call("run_tests", {"only": tests})]]
        turns.append([Say(f"I wrote the bodies that were missing ({title}), with tests of what they do and refuse.")])
        return turns[asked.turn]


def _looks(sections: Sequence[Section]) -> Iterator[Call]:
    for path in dict.fromkeys(section.file for section in sections if section.kind != "whole"):
        yield Call("read_file", {"path": path, "last_line": 200})
    for section in sections:
        if section.kind == "in place":
            yield Call("search_files", {"pattern": rf"def {section.name}\(", "folder": section.file.rpartition("/")[0]})


def _reads(sections: Sequence[Section], asked: Asked) -> Iterator[Call]:
    """The whole of each function that something is written in place of."""
    for section in sections:
        if section.kind == "in place" and asked.turn >= 1:
            found = _result(asked, "search_files", rf"def {section.name}\(")
            line = int(found.split(":")[1])
            yield Call("read_file", {"path": section.file, "first_line": line, "last_line": line + 60})
    if all(section.kind != "in place" for section in sections):
        yield Call("list_files", {"folder": "src"})


def _edits(sections: Sequence[Section], asked: Asked) -> Iterator[Call]:
    for section in sections:
        if section.kind == "whole":
            yield Call("write_file", {"path": section.file, "content": section.text})
        else:
            old, new = _change(section, asked)
            yield Call("edit_file", {"path": section.file, "old": old, "new": new})


def _change(section: Section, asked: Asked) -> tuple[str, str]:
    text = _file(asked, section.file)
    match section.kind:
        case "imports":
            first = next(line for line in text.splitlines() if line.startswith(("from ", "import ")))
            return f"\n{first}", f"\n{section.text}{first}"
        case "methods":
            anchor = "        self._database = database\n"
            return anchor, f"{anchor}\n{section.text.rstrip()}\n"
        case "body":
            raised = re.compile(r" *raise OperationNotImplemented\([^)]*\)")
            at = text.index(f"def {section.name}(")
            found = raised.search(text, at)
            assert found, f"{section.file}: {section.name} is no hole"
            return found.group(), section.text.rstrip("\n")
        case _:
            function = _block(_function(asked, section.file, section.name))
            return function, section.text.strip("\n")


def _block(text: str) -> str:
    """The first function of a text, without what follows it."""
    return re.split(r"\n\n\n(?=\S)", text)[0].rstrip("\n")


def results_of(asked: Asked) -> Iterator[tuple[str, dict[str, Any], str]]:
    """What the tools of this conversation were asked, and what they answered."""
    calls: dict[str, tuple[str, dict[str, Any]]] = {}
    for message in asked.body["messages"]:
        for block in blocks(message["content"]):
            if block["type"] == "tool_use":
                calls[block["id"]] = (block["name"], block["input"])
            elif block["type"] == "tool_result":
                content = block["content"]
                text = content if isinstance(content, str) else "\n".join(part["text"] for part in content)
                yield *calls[block["tool_use_id"]], unmarked(text)


def _result(asked: Asked, tool: str, pattern: str) -> str:
    return next(text for name, given, text in results_of(asked) if name == tool and given["pattern"] == pattern)


def _file(asked: Asked, path: str) -> str:
    texts = (text for tool, given, text in results_of(asked) if tool == "read_file" and given["path"] == path)
    return _NUMBER.sub("", next(texts))


def _function(asked: Asked, path: str, name: str) -> str:
    texts = (
        _NUMBER.sub("", text)
        for tool, given, text in results_of(asked)
        if tool == "read_file" and given["path"] == path and "first_line" in given
    )
    return next(text for text in texts if text.startswith(f"async def {name}("))
