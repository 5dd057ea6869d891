"""The generated bookshop under load, beside the same operations written by hand on bare asyncpg, in one run.

    uv run python -m evals.bench.service

Both run one uvicorn worker in the sandbox on the same PostgreSQL with the same rows, and are asked in turn, window by
window, by the same load generator on the same machine. Prints a Markdown table; quote the ratio.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import secrets
import statistics
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.checklist.databases import reached
from agent.checklist.load import Window, percentile, press
from agent.checklist.processes import usage
from agent.contract.loading import load_contract
from agent.places import cache_folder
from agent.stacks.registry import stack_named
from agent.workspace.opening import create_workspace
from agent.workspace.toolchain import build_toolchain
from agent.workspace.worktree import GitWorkspace
from tools.postgres.server import PostgresServer, postgres_server
from tools.sandbox.base import Limits, Mounts, Process

EXAMPLE = Path(__file__).parents[2] / "examples" / "bookshop"
ROWS = 10_000
CONNECTIONS = 32
ROUNDS = 5
SECONDS = 2.0
_OFTEN = 10_000
"""How many times as often as a caller the bench may ask; the limiter runs all the same."""
TARGETS = ("GET /books", "GET /authors", "POST /authors")
"""In this order: what is created makes the lists longer. The contract's default page is 20."""

_SEED = """
    WITH made AS (INSERT INTO authors (name) SELECT 'Author ' || n FROM generate_series(1, 100) AS n RETURNING id),
         numbered AS (SELECT id, row_number() OVER () - 1 AS n FROM made)
    INSERT INTO books (author_id, title, isbn, price_cents, created_at)
    SELECT a.id, 'Book ' || book, '978' || lpad(book::text, 10, '0'), book %% 10000, now() - book * interval '1 minute'
    FROM generate_series(1, %s) AS book JOIN numbered AS a ON a.n = book %% 100
"""


@dataclass(slots=True)
class Side:
    """One of the two that are compared, asked for one operation."""

    name: str
    target: str
    socket: Path
    process: Process
    request: bytes
    windows: list[Window] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    async def measure(self) -> None:
        """One window of load."""
        before = usage(self.process.pid).cpu_seconds
        window = await press(self.socket, self.request, connections=CONNECTIONS, seconds=SECONDS)
        self.windows.append(window)
        self.cpu_ms.append((usage(self.process.pid).cpu_seconds - before) * 1000 / max(window.requests, 1))

    def row(self) -> str:
        """Its line of the table: medians of the windows; memory at the end."""
        rates = [window.per_second for window in self.windows]
        p50 = statistics.median(percentile(window.latencies, 0.5) or 0 for window in self.windows)
        p95 = statistics.median(window.p95_ms or 0 for window in self.windows)
        memory = usage(self.process.pid).resident_bytes / 2**20
        errors = sum(window.errors for window in self.windows)
        return (
            f"| {self.target} | {self.name} | {statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f}) | "
            f"{p50:.1f} | {p95:.1f} | {statistics.median(self.cpu_ms):.2f} | {memory:.0f} | {errors} |"
        )


async def compare() -> str:
    """Measure both sides; the table as Markdown."""
    stack = stack_named("python-fastapi")
    toolchain = build_toolchain(stack.toolchain_lock(), cache_folder() / "toolchains", progress=print)
    async with AsyncExitStack() as stacked:
        state = Path(stacked.enter_context(tempfile.TemporaryDirectory(prefix="agent-bench-")))
        server = stacked.enter_context(postgres_server(cache=cache_folder() / "postgres"))
        workspace = create_workspace(
            folder=state / "service",
            repository=None,
            base=None,
            slug="bench",
            toolchain=toolchain,
            sandbox="auto",
            state=state / "state",
        )
        contract = load_contract(EXAMPLE / "openapi.yaml")
        catalog = load_catalog(server, [EXAMPLE / "schema.sql"])
        workspace.write(stack.scaffold(contract, catalog, bind(contract, catalog), "Bookshop").files)
        workspace.write({"handwritten.py": Path(__file__).with_name("handwritten.py").read_text()})
        database = stacked.enter_context(server.database())
        access = await stacked.enter_async_context(reached(stack, workspace, database, server.socket_folder))
        migrated = await stack.migrate(workspace, access, "up")
        assert migrated.ok, migrated.output
        with server.connect(database) as connection:
            _fill(connection)
        command = stack.service(workspace, access, "/run/service/service.sock")
        environment = {**command.environment, **stack.probing_settings(workspace, _OFTEN)}
        places: list[tuple[str, Process, Path]] = []
        for name, target in (("generated", ""), ("by hand", "handwritten:app")):
            words = list(command.command)
            if target:
                words[words.index("uvicorn") + 1] = target
            running = _running(workspace, tuple(words), environment, access.mounts, state)
            places.append((name, *await stacked.enter_async_context(running)))
        token = await _token(places[0][2], contract.base_path)
        pairs = []
        for asked in TARGETS:
            request = _request(asked, contract.base_path, token)
            sides = [Side(name, asked, socket, process, request) for name, process, socket in places]
            await _measure(sides)
            pairs.append(sides)
        return _table(pairs, server)


async def _measure(sides: list[Side]) -> None:
    for side in sides:
        await press(side.socket, side.request, connections=CONNECTIONS, seconds=1.0)
    for _ in range(ROUNDS):
        for side in sides:
            await side.measure()


async def _token(socket: Path, base_path: str) -> str:
    """The access token of a new user."""
    account = {"email": "reader@example.org", "password": secrets.token_urlsafe(24)}
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://bench{base_path}") as client:
        (await client.post("/auth/register", json={**account, "name": "Reader"})).raise_for_status()
        session = (await client.post("/auth/login", json=account)).raise_for_status().json()
    return str(session["data"]["accessToken"])


def _request(asked: str, base_path: str, token: str) -> bytes:
    method, _, path = asked.partition(" ")
    body = json.dumps({"name": "Somebody New"}) if method == "POST" else ""
    lines = [f"{method} {base_path}{path} HTTP/1.1", "Host: bench"]
    if body:
        lines += [f"Authorization: Bearer {token}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body]).encode()


def _fill(connection: psycopg.Connection) -> None:
    connection.execute(_SEED, [ROWS])
    connection.execute("ANALYZE")


@asynccontextmanager
async def _running(
    workspace: GitWorkspace, command: tuple[str, ...], environment: Mapping[str, str], mounts: Mounts, state: Path
) -> AsyncIterator[tuple[Process, Path]]:
    folder = state / secrets.token_hex(4)
    folder.mkdir()
    folder.chmod(0o777)
    own = Mounts(mounts.read_only, mounts.bound, {**mounts.writable, folder: "/run/service"})
    async with workspace.start(command, mounts=own, environment=environment, limits=Limits(seconds=600)) as process:
        socket = folder / "service.sock"
        for _ in range(200):
            if socket.exists() or not process.running:
                break
            await asyncio.sleep(0.05)
        assert socket.exists(), process.log()
        yield process, socket


def _table(pairs: list[list[Side]], server: PostgresServer) -> str:
    return "\n".join(
        [
            f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}, "
            f"PostgreSQL {server.version_text}; {ROWS} books, {CONNECTIONS} connections, "
            f"{ROUNDS} windows of {SECONDS:.0f} s each in turn; load at the end {os.getloadavg()[0]:.1f}",
            "",
            "| operation | one worker | requests/s, median (range) | p50 ms | p95 ms | CPU ms each | MB | errors |",
            "|---|---|---|---|---|---|---|---|",
            *(side.row() for sides in pairs for side in sides),
            "",
            *(_ratio(generated, by_hand) for generated, by_hand in pairs),
        ]
    )


def _ratio(generated: Side, by_hand: Side) -> str:
    rates = [statistics.median(window.per_second for window in side.windows) for side in (generated, by_hand)]
    cpu = [statistics.median(side.cpu_ms) for side in (generated, by_hand)]
    return (
        f"{generated.target}: generated to hand-written {rates[0] / rates[1]:.2f} of the requests/s, "
        f"{cpu[0] / cpu[1]:.2f} of the CPU."
    )


if __name__ == "__main__":
    print(asyncio.run(compare()))
