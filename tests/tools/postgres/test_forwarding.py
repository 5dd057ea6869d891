"""A socket that forwards to a server, can be cut off, and reaches a server over TCP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest

from tools.postgres.forwarding import forwarded
from tools.postgres.server import Database, PostgresServer, postgres_server


@contextmanager
def _over_tcp(server: PostgresServer) -> Iterator[int]:
    """The server's socket on a TCP port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    target = str(server.socket_folder / ".s.PGSQL.5432")

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(target)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_a_client_reaches_the_database_through_it(postgres: PostgresServer, database: Database) -> None:
    with forwarded(postgres) as forward, psycopg.connect(database.url(forward.folder)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (database.role,)
        large = connection.execute("SELECT repeat('x', 3000000)").fetchone()
        assert large is not None
        assert len(large[0]) == 3_000_000
        assert forward.connections == 1


def test_cut_off_and_brought_back(postgres: PostgresServer, database: Database) -> None:
    with forwarded(postgres) as forward:
        url = database.url(forward.folder)
        connection = psycopg.connect(url, autocommit=True)
        forward.cut()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        forward.cut()
        forward.restore()
        with psycopg.connect(url) as again:
            assert again.execute("SELECT 1").fetchone() == (1,)
    with psycopg.connect(database.url(postgres.socket_folder)) as untouched:
        assert untouched.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_is_gone_ends_the_connection(postgres: PostgresServer, database: Database) -> None:
    with forwarded(postgres) as forward, psycopg.connect(database.url(forward.folder)) as connection:
        with postgres.administer() as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_a_server_over_tcp_is_reached_by_a_socket(postgres: PostgresServer) -> None:
    with postgres.administer() as admin, _over_tcp(postgres) as port:
        admin.execute("CREATE ROLE remote SUPERUSER LOGIN PASSWORD 'secret'")
        try:
            with postgres_server(dsn=f"postgresql://remote:secret@127.0.0.1:{port}/postgres") as server:
                assert (server.socket_folder / ".s.PGSQL.5432").is_socket()
                with server.database() as made, psycopg.connect(made.url(server.socket_folder)) as connection:
                    assert connection.execute("SELECT current_database()").fetchone() == (made.name,)
                    with server.administer(made) as other:
                        assert other.execute("SELECT current_user").fetchone() == ("remote",)
        finally:
            admin.execute("DROP ROLE remote")
