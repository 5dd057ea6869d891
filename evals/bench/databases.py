"""What a database costs: a fresh one, a copy of a migrated one, emptying it, and ten runs at once on one server.

    uv run python -m evals.bench.databases

Compared in turn with a plain CREATE DATABASE, so that the ratio holds on a busy machine, too.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from agent.catalog.loading import load_catalog
from agent.stacks.python_fastapi.project.emptying import emptying
from evals.bench.stages import machine
from tools.postgres.server import Database, PostgresServer, postgres_server
from tools.valkey.server import valkey_server

_SCHEMA = Path(__file__).parents[2] / "examples" / "bookshop" / "schema.sql"
_TIMES = 30
_RUNS = 10
_COPIES = 10


def alone(cache: Path) -> dict[str, list[float]]:
    """Milliseconds of each kind, asked in turn: CREATE DATABASE by itself, then what the runtime makes of it."""
    times: dict[str, list[float]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server(cache=cache))
        admin = stack.enter_context(server.administer())
        template = _migrated(server)
        for _ in range(_TIMES):
            _note(times, "CREATE DATABASE, no template", lambda: admin.execute("CREATE DATABASE plain"))
            admin.execute("DROP DATABASE plain")
            for name, source in (("fresh: database, role, rights", None), ("copy of a migrated one", template)):
                made = _note(times, name, partial(server.create_database, source))
                _note(times, "drop", partial(server.drop_database, made))
            _note(times, "join the running server", lambda: _join(cache))
            _note(times, "a Valkey, started and stopped", _valkey)
        _emptied(times, server)
    return times


def _emptied(times: dict[str, list[float]], server: PostgresServer) -> None:
    """What a test costs that has written one row: all tables are emptied after it, in both ways in turn."""
    catalog = load_catalog(server, [_SCHEMA])
    truncate = f"TRUNCATE {', '.join(table.name for table in catalog.tables)} RESTART IDENTITY CASCADE"
    with server.connect(_migrated(server)) as connection:
        for _ in range(_TIMES):
            for name, how in (("emptied by TRUNCATE", truncate), ("emptied by DELETE", emptying(catalog))):
                connection.execute("INSERT INTO users (email, name, password_hash) VALUES ('a@b.example', 'a', 'b')")
                _note(times, name, partial(connection.execute, how.encode()))


def one_run(cache: Path) -> list[float]:
    """A run beside others: migrate once, copy often, write and read in each copy. Milliseconds of each copy."""
    times: dict[str, list[float]] = {}
    with postgres_server(cache=cache) as server:
        template = _migrated(server)
        for _ in range(_COPIES):
            made = _note(times, "copy", lambda: server.create_database(template))
            with server.connect(made) as connection:
                connection.execute("CREATE TABLE mine AS SELECT generate_series(1, 100) AS number")
                assert connection.execute("SELECT count(*) FROM mine").fetchone() == (100,)
            server.drop_database(made)
    return times["copy"]


def _note[T](times: dict[str, list[float]], name: str, work: Callable[[], T]) -> T:
    began = time.perf_counter()
    result = work()
    times.setdefault(name, []).append((time.perf_counter() - began) * 1000)
    return result


def _migrated(server: PostgresServer) -> Database:
    made = server.create_database()
    with server.connect(made) as connection:
        connection.execute(_SCHEMA.read_bytes())
    return made


def _join(cache: Path) -> None:
    with postgres_server(cache=cache):
        pass


def _valkey() -> None:
    with valkey_server():
        pass


def _row(name: str, found: Sequence[float], plain: float) -> str:
    middle = statistics.median(found)
    last = statistics.quantiles(found, n=20)[-1]
    return f"| {name} | {middle:.1f} | {last:.1f} | {max(found):.1f} | {middle / plain:.2f} |"


def main() -> None:
    """Measure, and print the table."""
    print(machine())
    with tempfile.TemporaryDirectory(prefix="agent-bench-") as folder:
        cache = Path(folder)
        times = alone(cache)
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(_RUNS, mp_context=fresh) as pool:
            began = time.perf_counter()
            together = [one for copies in pool.map(one_run, [cache] * _RUNS) for one in copies]
            seconds = time.perf_counter() - began
    plain = statistics.median(times["CREATE DATABASE, no template"])
    print("\n| ms | median | p95 | max | ratio |\n|---|---:|---:|---:|---:|")
    for name, found in times.items():
        print(_row(name, found, plain))
    print(_row(f"copy, {_RUNS} runs at once", together, plain))
    print(f"\n{_RUNS} runs, {len(together)} copies in {seconds:.1f} s, no error (one would have ended this).")


if __name__ == "__main__":
    main()
