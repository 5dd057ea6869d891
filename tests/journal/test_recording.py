"""The journal forgets nothing that was appended, and survives being cut off at any byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import InputError
from agent.journal.events import AssignmentDone, Event, Interrupted, ModelAnswered, Usage
from agent.journal.recording import FILE_NAME, Journal, exclusively, read_events

EVENTS: tuple[Event, ...] = (
    ModelAnswered(usage=Usage(requests=1, input_tokens=10)),
    AssignmentDone(title="t", commit="c", said="I wrote it.\n\N{SNOWMAN}"),
    Interrupted(),
)


def written(folder: Path) -> Journal:
    journal = Journal(folder)
    for event in EVENTS:
        journal.append(event)
    journal.close()
    return journal


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    journal = written(tmp_path)
    assert tuple(read_events(tmp_path)) == journal.events
    assert all(event.at is not None for event in journal.events)


@given(cut=st.integers(min_value=0, max_value=2_000))
def test_a_journal_cut_at_any_byte_keeps_its_whole_lines_and_goes_on(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("run")
    written(folder)
    path = folder / FILE_NAME
    content = path.read_bytes()[:cut]
    path.write_bytes(content)
    journal = Journal(folder)
    assert len(journal.events) == content.count(b"\n")
    journal.append(Interrupted())
    journal.close()
    assert len(list(read_events(folder))) == content.count(b"\n") + 1


def test_a_line_that_is_no_event_is_refused_with_its_place(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes() + b'{"kind": "celebrated"}\n')
    with pytest.raises(InputError, match=rf"{FILE_NAME}:{len(EVENTS) + 1}: not an event"):
        list(read_events(tmp_path))


def test_a_run_is_worked_on_by_one_process_at_a_time(tmp_path: Path) -> None:
    with exclusively(tmp_path), pytest.raises(InputError, match="another process"), exclusively(tmp_path):
        pass
    with exclusively(tmp_path):
        pass
