"""A schema read from a live server, where nothing is written."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from agent.catalog.live import READ_ONLY, load_catalog_from_dsn
from agent.catalog.loading import catalog_of
from agent.errors import CatalogError
from tools.postgres.server import Database, PostgresServer

SCHEMAS = Path(__file__).parent / "schemas"

_HOSTILE = """
    CREATE SCHEMA evil;
    CREATE TABLE books (title text);
    CREATE SEQUENCE numbers;
    CREATE FUNCTION written() RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.books VALUES ('written'); RETURN nextval('public.numbers'); END $$;
    CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS
        $$ SELECT public.written(); SELECT 'on'::text $$;
    CREATE FUNCTION evil.format_type(oid, int) RETURNS text LANGUAGE sql AS $$ SELECT public.written()::text $$;
    CREATE VIEW trap AS SELECT written() AS number;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM books;
"""
"""Names that shadow the server's, and things that write when they are read."""


def _rows(postgres: PostgresServer, database: Database) -> tuple[object, ...]:
    with postgres.connect(database) as connection:
        query = "SELECT (SELECT count(*) FROM public.books), is_called, last_value FROM public.numbers"
        return connection.execute(query).fetchall()[0]


@contextmanager
def _pooler(target: Path) -> Iterator[Path]:
    """A socket that forwards to a server and, as some poolers do, drops the options that a client begins with."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/.s.PGSQL.5432")
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    far = socket.socket(socket.AF_UNIX)
                    far.connect(f"{target}/.s.PGSQL.5432")
                    far.sendall(_without_options(near))
                    for pair in ((near, far), (far, near)):
                        threading.Thread(target=_pump, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield Path(folder)
        listener.shutdown(socket.SHUT_RDWR)


def _without_options(client: socket.socket) -> bytes:
    """The first message of a session, without its setting `options`."""
    length = int.from_bytes(client.recv(4, socket.MSG_WAITALL))
    body = client.recv(length - 4, socket.MSG_WAITALL)
    version, words = body[:4], body[4:].rstrip(b"\0").split(b"\0")
    pairs = [pair for pair in zip(words[::2], words[1::2], strict=True) if pair[0] != b"options"]
    kept = version + b"".join(b"%b\0%b\0" % pair for pair in pairs) + b"\0"
    return (len(kept) + 4).to_bytes(4) + kept


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


class TestALiveServer:
    def test_it_is_read_and_not_written(self, postgres: PostgresServer, database: Database) -> None:
        with postgres.connect_as_owner(database) as connection:
            connection.execute((SCHEMAS / "library.sql").read_bytes())
        before = catalog_of(postgres, database)
        catalog = load_catalog_from_dsn(postgres, database.url(postgres.socket_folder))
        assert catalog.fingerprint == before.fingerprint
        assert any("CREATE TABLE public.books" in one.sql for one in catalog.statements)

    @pytest.mark.parametrize(
        "write",
        [
            "INSERT INTO public.books VALUES ('Emma')",
            "DELETE FROM public.books",
            "CREATE TABLE public.more (id int)",
            "SELECT nextval('public.numbers')",
            "SELECT public.written()",
            "SELECT * FROM public.trap",
            "SELECT lo_create(0)",
            "CREATE TEMP TABLE t AS SELECT public.written()",
            "REFRESH MATERIALIZED VIEW public.counted",
            "COMMENT ON TABLE public.books IS 'seen'",
            "DO $$ BEGIN EXECUTE 'SET TRANSACTION READ WRITE'; PERFORM public.written(); END $$",
        ],
    )
    def test_a_run_that_tries_to_write_is_refused(
        self, postgres: PostgresServer, database: Database, write: str
    ) -> None:
        with postgres.connect(database) as owner:
            owner.execute(_HOSTILE.encode())
        with (
            psycopg.connect(database.url(postgres.socket_folder), options=READ_ONLY) as connection,
            pytest.raises((errors.ReadOnlySqlTransaction, errors.ActiveSqlTransaction)),
        ):
            connection.execute(write.encode())

    def test_reading_a_hostile_schema_sets_nothing_off(self, postgres: PostgresServer, database: Database) -> None:
        with postgres.connect(database) as owner:
            owner.execute(_HOSTILE.encode())
            owner.execute(f"ALTER DATABASE {database.name} SET search_path = evil, public, pg_catalog")
        before = _rows(postgres, database)
        load_catalog_from_dsn(postgres, database.url(postgres.socket_folder))
        assert _rows(postgres, database) == before

    @pytest.mark.parametrize("power", ["SUPERUSER", "IN ROLE pg_execute_server_program"])
    def test_a_role_that_reading_does_not_hold_is_refused(
        self, postgres: PostgresServer, database: Database, power: str
    ) -> None:
        told = pytest.raises(CatalogError, match=r"the role visitor_\w+ may do what.*pg_read_all_data")
        with self._role(postgres, database, power) as dsn, told:
            load_catalog_from_dsn(postgres, dsn)

    def test_the_role_that_the_message_proposes_reads_all(self, postgres: PostgresServer, database: Database) -> None:
        with postgres.connect(database) as owner:
            owner.execute((SCHEMAS / "library.sql").read_bytes())
        with self._role(postgres, database, "IN ROLE pg_read_all_data") as dsn:
            catalog = load_catalog_from_dsn(postgres, dsn)
        assert catalog.fingerprint == catalog_of(postgres, database).fingerprint

    def test_sessions_that_are_not_kept_read_only_are_refused(
        self, postgres: PostgresServer, database: Database
    ) -> None:
        told = pytest.raises(CatalogError, match="does not keep its sessions read-only")
        with _pooler(postgres.socket_folder) as folder, told:
            load_catalog_from_dsn(postgres, database.url(folder))

    @contextmanager
    def _role(self, postgres: PostgresServer, database: Database, power: str) -> Iterator[str]:
        visitor = f"visitor_{uuid4().hex[:12]}"  # the server is everybody's, and roles are the server's
        with postgres.administer() as admin:
            admin.execute(f"CREATE ROLE {visitor} LOGIN PASSWORD 'secret' {power}".encode())
            admin.execute(f"GRANT CONNECT ON DATABASE {database.name} TO {visitor}".encode())
            try:
                yield f"postgresql://{visitor}:secret@/{database.name}?host={postgres.socket_folder}"
            finally:
                admin.execute(f"REVOKE ALL ON DATABASE {database.name} FROM {visitor}".encode())
                admin.execute(f"DROP ROLE {visitor}".encode())

    def test_one_that_cannot_be_reached_is_told_without_the_password(
        self, postgres: PostgresServer, tmp_path: Path
    ) -> None:
        with pytest.raises(CatalogError, match="cannot be read") as caught:
            load_catalog_from_dsn(postgres, f"postgresql://me:hidden@/db?host={tmp_path}")
        assert "hidden" not in str(caught.value)
