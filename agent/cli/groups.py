"""`agent schema`, `agent sandbox` and `agent eval`. Each command imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.options import Json

schema_app = typer.Typer(
    name="schema", help="Print the JSON Schema of a file that the agent reads or writes.", no_args_is_help=True
)
sandbox_app = typer.Typer(
    name="sandbox", help="The places where generated code runs, and the image of one of them.", no_args_is_help=True
)

eval_app = typer.Typer(
    name="eval",
    help="Show that the checklist notices what is wrong, and nothing where nothing is.",
    no_args_is_help=True,
)


@schema_app.command("task")
def schema_task() -> None:
    """The JSON Schema of task.yaml."""
    from agent.cli.looking import schema_command

    schema_command("task")


@schema_app.command("delivery")
def schema_delivery() -> None:
    """The JSON Schema of report.json, and of what `--json` prints."""
    from agent.cli.looking import schema_command

    schema_command("delivery")


@sandbox_app.command("build")
def sandbox_build(
    source: Annotated[
        str,
        typer.Option(help="auto, dockerfile (needs a registry), or packages (Debian packages alone)."),
    ] = "auto",
) -> None:
    """Build the image of the docker sandbox."""
    from agent.cli.sandboxes import build_command

    build_command(source)


@sandbox_app.command("show")
def sandbox_show(as_json: Json = False) -> None:
    """Show which places work here, which one `auto` takes, and what the others lack."""
    from agent.cli.sandboxes import show_command

    show_command(as_json=as_json)


Rules = Annotated[list[str] | None, typer.Option("--rule", metavar="ID", help="Only this rule; repeat for more.")]
Services = Annotated[
    list[str] | None,
    typer.Option(
        "--service", metavar="NAME", help="Only this good service: notes, workshop, bookshop, parcels; repeat for more."
    ),
]


@eval_app.command("defects")
def eval_defects(
    rule: Rules = None,
    service: Services = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many defects are judged at the same time.")] = 1,
    again: Annotated[bool, typer.Option("--again", help="Forget what was judged on this very code before.")] = False,
    as_json: Json = False,
) -> None:
    """Put seeded defects into good services, one at a time, and show per rule what was caught, missed, and also failed.

    What was judged stays known until the code changes: after Ctrl-C the same command goes on.
    """
    from agent.cli.evaluating import defects_command
    from evals.defects.evaluating import Choice

    defects_command(Choice(frozenset(rule or ()), tuple(service or ()), jobs, again), as_json=as_json)


@eval_app.command("steady")
def eval_steady(
    runs: Annotated[int, typer.Option(min=1, help="How often each service is judged.")] = 3,
    rule: Rules = None,
    service: Services = None,
    as_json: Json = False,
) -> None:
    """Judge the good services again and again, with new values each time: whatever fails is a false alarm."""
    from agent.cli.evaluating import steady_command

    steady_command(tuple(service or ()), runs, frozenset(rule or ()), as_json=as_json)


@eval_app.command("holes")
def eval_holes(
    model: Annotated[str, typer.Option(help="For all contestants, `anthropic:NAME`; ANTHROPIC_BASE_URL is honoured.")],
    contestant: Annotated[
        list[str] | None,
        typer.Option(help="runtime, request, mini-swe-agent or aider; repeat for more. Left out: all."),
    ] = None,
    hole: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A hole, service or level: rooms/bookRoom, rooms, hard; repeat for more."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is tried.")] = 1,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long the work on one hole may take.")] = 10.0,
    sandbox: Annotated[str, typer.Option(help="auto, bubblewrap, docker or none.")] = "auto",
    again: Annotated[bool, typer.Option("--again", help="Forget what was measured on this very code before.")] = False,
    as_json: Json = False,
) -> None:
    """Let our runtime, a plain request and other agents write functions, and judge them by hidden tests.

    Nobody sees the tests. What was measured stays known until the code changes: after Ctrl-C the same command goes on.
    """
    from agent.cli.filling import holes_command
    from agent.orchestrator.options import sandbox_choice
    from evals.holes.evaluating import Choice

    names, holes = tuple(contestant or ()), tuple(hole or ())
    choice = Choice(model, names, holes, rounds, minutes, sandbox_choice(sandbox), again)
    holes_command(choice, as_json=as_json)
