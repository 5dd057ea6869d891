"""The command line's commands and options. Each command imports what it needs when it runs, so that help is quick."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer
from typer.exceptions import TyperException

from agent.cli.groups import eval_app, sandbox_app, schema_app
from agent.cli.options import (
    Api,
    Events,
    Fuzz,
    Json,
    Load,
    Models,
    Mutants,
    Out,
    SandboxOption,
    Schemas,
    Settings,
    Start,
    Strict,
    Trust,
)
from agent.errors import AgentError, ExitCode

app = typer.Typer(
    name="agent",
    help="A backend developer: takes a task, an OpenAPI document and a database schema; delivers a verified service.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all checked obligations met; 1 some not met; 2 bad input; 3 budget used up; "
    "4 the environment lacks something; 130 interrupted, resumable.",
)
for _group in (schema_app, sandbox_app, eval_app):
    app.add_typer(_group)


@app.callback(invoke_without_command=True)
def agent(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """A backend developer: takes a task, an OpenAPI document and a database schema; delivers a verified service."""
    if version:
        from agent import __version__

        typer.echo(f"agent {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.BAD_INPUT)


def _run_names(incomplete: str) -> list[str]:
    from agent.orchestrator.runs import all_runs

    return [run.name for run in all_runs() if run.name.startswith(incomplete)]


Run = Annotated[str, typer.Argument(metavar="RUN", help="A name that `agent runs` shows.", autocompletion=_run_names)]


@app.command()
def run(
    task: Annotated[
        Path, typer.Argument(metavar="TASK", help="task.yaml or task.json; `agent init` writes one to start from.")
    ],
    model: Models = None,
    out: Out = None,
    as_json: Json = False,
    events: Events = None,
    sandbox: SandboxOption = "auto",
    trusted: Trust = False,
    max_usd: Annotated[float | None, typer.Option(min=0, help="Stop before the model costs more than this.")] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0, help="Stop the model's work after this long.")] = None,
    max_requests: Annotated[int | None, typer.Option(min=0, help="Stop after so many requests to the model.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="Stop before the model reads and writes more.")] = None,
    blueprint: Annotated[
        bool | None,
        typer.Option(help="Let the blueprint write what needs no judgement; left out: where no service stands yet."),
    ] = None,
    fuzz: Fuzz = None,
    mutants: Mutants = 3.0,
    load: Load = 5.0,
    strict: Strict = False,
) -> None:
    """Deliver a task: write the service, verify it, report. Exit code 0 when every checked obligation is met."""
    from agent.cli.running import run_command
    from agent.orchestrator.options import RunOptions, decimal_or_none, effort_of, sandbox_choice

    options = RunOptions(
        models=tuple(model or ()),
        out=out,
        sandbox=sandbox_choice(sandbox),
        trusted=trusted,
        max_usd=decimal_or_none(max_usd),
        max_minutes=max_minutes,
        max_requests=max_requests,
        max_tokens=max_tokens,
        blueprint=blueprint,
        effort=effort_of(fuzz, mutants, load),
        strict=strict,
    )
    run_command(task, options, as_json=as_json, events=events)


@app.command()
def plan(
    task: Annotated[Path, typer.Argument(metavar="TASK", help="task.yaml or task.json.")],
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Print what each operation was taken for, from what evidence, and what remains a hole. Writes nothing."""
    from agent.cli.planning import plan_command

    plan_command(task, as_json=as_json, strict=strict)


@app.command()
def resume(
    run_name: Run,
    model: Models = None,
    as_json: Json = False,
    events: Events = None,
    trusted: Trust = False,
    max_usd: Annotated[float | None, typer.Option(min=0, help="A new limit for the whole run.")] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0, help="A new limit for the whole run.")] = None,
    max_requests: Annotated[int | None, typer.Option(min=0, help="A new limit for the whole run.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="A new limit for the whole run.")] = None,
) -> None:
    """Continue a run that was stopped, interrupted or killed, without repeating finished work."""
    from agent.cli.running import resume_command
    from agent.orchestrator.options import RunOptions, decimal_or_none

    options = RunOptions(
        models=tuple(model or ()),
        trusted=trusted,
        max_usd=decimal_or_none(max_usd),
        max_minutes=max_minutes,
        max_requests=max_requests,
        max_tokens=max_tokens,
    )
    resume_command(run_name, options, as_json=as_json, events=events)


@app.command()
def verify(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The backend to judge; it is copied, never changed.")
    ],
    api: Api,
    schema: Schemas,
    stack: Annotated[str, typer.Option(help="The stack that it is written in.")] = "python-fastapi",
    start: Start = None,
    setting: Settings = None,
    as_json: Json = False,
    sandbox: SandboxOption = "auto",
    trusted: Trust = False,
    reports: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the reports. Without it: a new one, named at the end."),
    ] = None,
    fuzz: Fuzz = None,
    mutants: Mutants = 3.0,
    load: Load = 5.0,
    strict: Strict = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask everything anew, also what held on the same files before.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK", help="Ask this check alone, such as lint, types or contract; can be repeated."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="After an edit: what answers in seconds, and the tests that ran what was edited."),
    ] = False,
) -> None:
    """Judge any backend by the checklist, whoever wrote it."""
    from agent.cli.running import verify_command
    from agent.orchestrator.options import effort_of, sandbox_choice

    verify_command(
        directory,
        api,
        tuple(schema),
        stack,
        start=start,
        settings=tuple(setting or ()),
        as_json=as_json,
        sandbox=sandbox_choice(sandbox),
        trusted=trusted,
        reports=reports,
        effort=effort_of(fuzz, mutants, load),
        strict=strict,
        fresh=fresh,
        only=tuple(only or ()),
        quick=quick,
    )


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write task.yaml.")] = Path(),
) -> None:
    """Write a commented task.yaml to start from."""
    from agent.cli.looking import init_command

    init_command(folder)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Show what is there, what is missing, and how to get it."""
    from agent.cli.doctor import doctor_command

    doctor_command(as_json=as_json)


@app.command()
def rules(
    rule: Annotated[str | None, typer.Argument(metavar="[ID]", help="A rule's id, such as CON-PARITY.")] = None,
) -> None:
    """List the rules of the persona, or explain one."""
    from agent.cli.looking import rules_command

    rules_command(rule)


@app.command()
def client(
    api: Annotated[Path, typer.Argument(metavar="API", help="The OpenAPI 3.0 or 3.1 document.")],
    language: Annotated[str, typer.Option(help="typescript (on fetch), or python (on httpx).")] = "typescript",
) -> None:
    """Print a typed client of an API, one file without a dependency of its own."""
    from agent.cli.looking import client_command

    client_command(api, language)


@app.command()
def runs(as_json: Json = False) -> None:
    """List the recorded runs, the newest first."""
    from agent.cli.looking import runs_command

    runs_command(as_json=as_json)


@app.command()
def show(
    run_name: Run,
    as_json: Json = False,
    trace: Annotated[bool, typer.Option("--trace", help="Explain every decision, and what it was made from.")] = False,
) -> None:
    """Show what happened in a run, and what came of it."""
    from agent.cli.looking import show_command, trace_command

    if trace:
        trace_command(run_name, as_json=as_json)
    else:
        show_command(run_name, as_json=as_json)


@app.command()
def replay(run_name: Run, as_json: Json = False) -> None:
    """Do a recorded run again: answers from the journal, checks for real.

    No key is needed, and no model is asked.

    Exit code 0 when every tree and every verdict is as it was recorded; 1 when not, with what departs first.
    """
    from agent.cli.replaying import replay_command

    replay_command(run_name, as_json=as_json)


def _defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    from agent.cli.errors import tell_defect

    tell_defect(kind, error, trace)


def main() -> None:
    """Run the command line; errors on purpose become one message and their exit code."""
    import os
    import sys

    from tools.redaction.room import room

    room.know_environment(os.environ)
    sys.excepthook = _defect
    try:
        code = app(standalone_mode=False, prog_name="agent")
        if code == ExitCode.INTERRUPTED:  # what the library makes of a KeyboardInterrupt
            typer.echo("agent: interrupted", err=True)
        sys.exit(code)
    except (AgentError, TyperException) as error:
        from agent.cli.errors import tell

        sys.exit(tell(error, as_json="--json" in sys.argv[1:]))
    except BrokenPipeError:
        # Whoever read the output has enough of it; Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.OK)
