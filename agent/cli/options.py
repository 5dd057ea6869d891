"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="`anthropic:claude-sonnet-5-5`, any model pydantic-ai can name, or `offline` for none. Repeat it for "
        "models that take over when one makes no progress.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for a new repository: not there yet, or empty. Overrides the task's workspace."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else.")]
SandboxOption = Annotated[
    str,
    typer.Option(
        "--sandbox", help="Where generated code runs: auto, bubblewrap, docker, or none (explicit, reported)."
    ),
]
Trust = Annotated[
    bool, typer.Option("--i-trust-this-code", help="With --sandbox none: run code that others wrote all the same.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse a contract that is slightly invalid, although it is clear what is meant."),
]
Fuzz = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="Time for fuzzing, all operations together. Without it: 10, half a second more for each one above 20.",
    ),
]
Mutants = Annotated[
    float,
    typer.Option(min=0, metavar="SECONDS", help="Processor time for trying changes of the code on its tests."),
]
Load = Annotated[
    float,
    typer.Option(min=1, metavar="SECONDS", help="For load on one endpoint, as long as it misses a bound."),
]
Events = Annotated[Path | None, typer.Option(help="Also append every event, one JSON object a line, to this file.")]
Api = Annotated[Path, typer.Option(help="The OpenAPI 3.0 or 3.1 document.")]
Schemas = Annotated[list[Path], typer.Option("--schema", help="The SQL schema; repeat for several files, in order.")]
Start = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        help="How the backend is started, such as `uvicorn shop.web:app --app-dir backend`. Without it: as agent.toml "
        "says, or found in Procfile, Dockerfile, compose file or code.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--setting",
        metavar="NAME=VALUE",
        help="An environment variable of the backend; can be repeated. ${DATABASE_URL}, ${REDIS_URL} and "
        "${DATABASE_HOST}, _PORT, _USER, _PASSWORD, _NAME stand for the judge's own.",
    ),
]
