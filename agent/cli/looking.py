"""The commands that only look: `init`, `rules`, `runs`, `show`, `schema`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.table import Table

from agent.cli.terminal import Terminal
from agent.errors import InputError
from agent.journal.events import Delivered, Event, Interrupted, RunStarted, event_adapter
from agent.journal.recording import read_events
from agent.orchestrator.runs import all_runs, find_run
from prompts.marking import visible

_WIDE = 300
"""Columns where the output is no terminal: names are never cut there."""


def init_command(folder: Path) -> None:
    """Write a commented task.yaml; an existing one is never overwritten."""
    from agent.task.template import template

    path = folder / "task.yaml"
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is no folder; name the one that task.yaml is for")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError as error:
        raise InputError(f"{path} is there already; edit it, or remove it first") from error
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    sys.stdout.write(f"wrote {path}\nName your OpenAPI document and SQL schema in it, then: agent run {path}\n")


def rules_command(rule: str | None) -> None:
    """Print all rules, or one, and which check settles it."""
    from agent.checklist.checklist import looking_at, settled_by
    from agent.rulebook.loading import load_rulebook
    from agent.rulebook.rendering import one_rule, rule_list

    rulebook = load_rulebook()
    settled = settled_by()
    sys.stdout.write((one_rule(rulebook, rule, settled, looking_at()) if rule else rule_list(rulebook, settled)) + "\n")


def runs_command(*, as_json: bool) -> None:
    """List the recorded runs."""
    rows = [_summary(folder) for folder in all_runs()]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    if not rows:
        sys.stdout.write("no runs yet: agent run task.yaml\n")
        return
    table = Table("run", "title", "model", "started", "state", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["run"], row["title"], row["model"], row["started"], row["state"])
    Terminal(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(table)


def show_command(name: str, *, as_json: bool) -> None:
    """Show the events of a run, and its report if it has one."""
    folder = find_run(name)
    events = tuple(read_events(folder))
    if as_json:
        sys.stdout.write(json.dumps([event_adapter.dump_python(event, mode="json") for event in events]) + "\n")
        return
    from agent.cli.watching import line_of

    for event in events:
        line = line_of(event)
        if line and event.at:
            sys.stdout.write(f"{event.at:%Y-%m-%d %H:%M:%S}  {line}\n")
    report = folder / "report.md"
    sys.stdout.write(f"\n{_standing(events)}\n")
    if report.exists():
        sys.stdout.write(f"\n{report.read_text(encoding='utf-8')}")
    else:
        sys.stdout.write(f"continue it with: agent resume {name}\n")


def trace_command(name: str, *, as_json: bool) -> None:
    """Explain every decision of a run."""
    from agent.loop.explaining import explained

    lines = list(explained(read_events(find_run(name))))
    if as_json:
        rows = [
            {"at": one.at.isoformat() if one.at else None, "what": one.what, "because": one.because} for one in lines
        ]
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for one in lines:
        at = f"{one.at:%Y-%m-%d %H:%M:%S}" if one.at else ""
        sys.stdout.write(f"{at}  {visible(one.what)}\n")
        sys.stdout.writelines(f"{'':21}{visible(reason)}\n" for reason in one.because)


def client_command(api: Path, language: str) -> None:
    """Print a typed client of an API."""
    from agent.contract.loading import load_contract
    from agent.stacks.clients.deriving import client_of
    from agent.stacks.clients.python import python_client
    from agent.stacks.clients.typescript import typescript_client

    writers = {"python": python_client, "typescript": typescript_client}
    if language not in writers:
        raise InputError(f"no client is written in {language!r}; known: {', '.join(writers)}")
    sys.stdout.write(writers[language](client_of(load_contract(api))))


def schema_command(what: str) -> None:
    """Print a JSON Schema."""
    if what == "task":
        from agent.task.model import task_json_schema as schema
    else:
        from agent.delivery.model import delivery_json_schema as schema
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")


def _summary(folder: Path) -> dict[str, str]:
    try:
        events = tuple(read_events(folder))
    except InputError:
        events = ()
    started = next((event for event in events if isinstance(event, RunStarted)), None)
    return {
        "run": folder.name,
        "title": started.title if started else "",
        "model": started.model if started else "",
        "started": f"{started.at:%Y-%m-%d %H:%M}" if started and started.at else "",
        "state": _standing(events),
    }


def _standing(events: tuple[Event, ...]) -> str:
    if not events:
        return "unreadable: from another version"
    last = events[-1]
    if isinstance(last, Delivered):
        return f"delivered: {last.ending}, exit code {last.exit_code}"
    return "interrupted, resumable" if isinstance(last, Interrupted) else "not finished, resumable"
