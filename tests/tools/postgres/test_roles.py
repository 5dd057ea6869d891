"""What the role of a throwaway database may not do; each is tried, and the server's refusal is what counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tools.errors import ServerUnavailable
from tools.postgres.binaries import find_binaries
from tools.postgres.foreign import check_doors
from tools.postgres.launching import connect, launched
from tools.postgres.server import Database, PostgresServer, postgres_server

REFUSED = {
    "programs and files of the server": [
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/escaped'",
        "COPY mine FROM PROGRAM 'id'",
        "COPY (SELECT 1) TO '/tmp/escaped'",
        "COPY mine FROM '/etc/passwd'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_binary_file('global/pg_control')",
        "SELECT pg_ls_dir('/')",
        "SELECT pg_stat_file('/etc/passwd')",
        "SELECT pg_ls_logdir()",
        "SELECT pg_ls_waldir()",
        "SELECT pg_current_logfile()",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_export(lo_from_bytea(0, 'x'), '/tmp/escaped')",
        "CREATE TABLESPACE elsewhere LOCATION '/tmp'",
        "SHOW data_directory",
    ],
    "code that the server runs": [
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/lib/x86_64-linux-gnu/libc.so.6', 'getpid'",
        "CREATE FUNCTION f(cstring) RETURNS int LANGUAGE internal AS 'int4in'",
        "LOAD '/tmp/library.so'",
        "LOAD 'auto_explain'",
        "CREATE LANGUAGE plpython3u HANDLER plpgsql_call_handler",
        "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION nothing()",
        "CREATE ACCESS METHOD a TYPE INDEX HANDLER bthandler",
        "CREATE TYPE base (INPUT = int4in, OUTPUT = int4out)",
        "CREATE CAST (text AS bytea) WITHOUT FUNCTION",
        "SET session_preload_libraries = 'auto_explain'",
        "ALTER ROLE CURRENT_USER SET session_preload_libraries = 'auto_explain'",
        "ALTER SYSTEM SET archive_command = 'touch /tmp/escaped'",
        "ALTER FUNCTION now() OWNER TO CURRENT_USER",
        "UPDATE pg_proc SET prosrc = 'x'",
    ],
    "more rights": [
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SET ROLE pg_execute_server_program",
        "GRANT pg_execute_server_program TO CURRENT_USER",
        "GRANT pg_read_all_data TO CURRENT_USER",
        "GRANT pg_signal_backend TO CURRENT_USER",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE CURRENT_USER CREATEDB",
        "ALTER ROLE CURRENT_USER CREATEROLE",
        "ALTER ROLE CURRENT_USER REPLICATION",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
        "ALTER ROLE postgres PASSWORD 'known'",
        "ALTER ROLE {other} PASSWORD 'known'",
        "ALTER ROLE ALL SET search_path = evil",
        "CREATE ROLE another",
        "DROP ROLE {other}",
        "ALTER TABLE mine OWNER TO postgres",
        "SET temp_file_limit = -1",
        "SET log_statement = 'none'",
        "SET session_replication_role = replica",
    ],
    "other databases and servers": [
        "CREATE DATABASE another",
        "CREATE DATABASE copy TEMPLATE {other}",
        "DROP DATABASE {other}",
        "ALTER DATABASE {other} SET search_path = evil",
        "ALTER DATABASE postgres CONNECTION LIMIT 0",
        "GRANT CONNECT ON DATABASE {other} TO CURRENT_USER",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION postgres_fdw",
        "CREATE EXTENSION file_fdw",
        "CREATE FOREIGN DATA WRAPPER wrapper",
        "CREATE SUBSCRIPTION s CONNECTION 'host=/socket dbname=postgres' PUBLICATION p",
        "CREATE PUBLICATION p FOR ALL TABLES",
        "SELECT pg_create_physical_replication_slot('slot')",
        "SELECT pg_create_logical_replication_slot('slot', 'pgoutput')",
    ],
    "secrets and doings of others": [
        "SELECT rolpassword FROM pg_authid",
        "SELECT passwd FROM pg_shadow",
        "SELECT * FROM pg_hba_file_rules",
        "SELECT * FROM pg_file_settings",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM pg_subscription",
        "SELECT * FROM pg_backend_memory_contexts",
        "SELECT pg_terminate_backend({admin})",
        "SELECT pg_cancel_backend({admin})",
        "SELECT pg_log_backend_memory_contexts({admin})",
    ],
    "the server itself": [
        "ALTER SYSTEM SET fsync = on",
        "SELECT pg_reload_conf()",
        "SELECT pg_rotate_logfile()",
        "SELECT pg_switch_wal()",
        "SELECT pg_promote()",
        "SELECT pg_create_restore_point('x')",
        "SELECT pg_backup_start('x')",
        "CHECKPOINT",
    ],
}


@pytest.fixture(scope="module")
def mine(postgres: PostgresServer) -> Iterator[Database]:
    with postgres.database() as made:
        with postgres.connect(made) as connection:
            connection.execute("CREATE TABLE mine (line text)")
            connection.execute("CREATE FUNCTION nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
        yield made


@pytest.fixture(scope="module")
def other(postgres: PostgresServer) -> Iterator[Database]:
    with postgres.database() as made:
        yield made


@pytest.mark.parametrize("statement", [one for kind in REFUSED.values() for one in kind])
def test_the_server_refuses(postgres: PostgresServer, mine: Database, other: Database, statement: str) -> None:
    with postgres.administer() as admin, postgres.connect(mine) as connection:
        text = statement.format(other=other.name, admin=admin.info.backend_pid)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(text.encode())


def test_no_extension_can_be_made_but_trusted_ones(postgres: PostgresServer, mine: Database) -> None:
    query = """
        SELECT name FROM pg_available_extensions
        WHERE NOT EXISTS (SELECT FROM pg_available_extension_versions AS version
                          WHERE version.name = pg_available_extensions.name AND version.trusted)
    """
    with postgres.connect(mine) as connection:
        names = [str(row[0]) for row in connection.execute(query).fetchall()]
        assert len(names) > 5
        for name in names:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(f'CREATE EXTENSION "{name}" CASCADE'.encode())


@pytest.mark.parametrize("name", ["postgres", "template1", "template0", "{other}"])
def test_it_enters_no_database_but_its_own(
    postgres: PostgresServer, mine: Database, other: Database, name: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied|not currently accepting"):
        psycopg.connect(mine.url(postgres.socket_folder), dbname=name.format(other=other.name))


def test_it_enters_none_as_somebody_else(postgres: PostgresServer, mine: Database, other: Database) -> None:
    for role in ("postgres", other.role):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(mine.url(postgres.socket_folder), user=role)


def test_it_cannot_listen_to_what_the_server_writes(postgres: PostgresServer, mine: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="REPLICATION|max_wal_senders"):
        psycopg.connect(f"{mine.url(postgres.socket_folder)}&replication=database")


def test_it_sees_that_others_work_but_not_what_they_do(
    postgres: PostgresServer, mine: Database, other: Database
) -> None:
    with postgres.connect(other) as working, postgres.connect(mine) as connection:
        working.execute("SELECT 'secret'")
        query = "SELECT query, client_addr::text FROM pg_stat_activity WHERE usename = %s"
        assert connection.execute(query, (other.role,)).fetchall() == [("<insufficient privilege>", None)]


def test_its_connections_are_counted(postgres: PostgresServer, mine: Database) -> None:
    with postgres.connect(mine) as connection:
        limit = connection.execute("SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user").fetchone()
    assert limit == (80,)


class TestATrapForTheAdmin:
    """The owner decides what names mean in its database, and what happens when a row comes in."""

    @pytest.fixture
    def trapped(self, postgres: PostgresServer) -> Iterator[Database]:
        with postgres.database() as made:
            with postgres.connect(made) as connection:
                connection.execute("CREATE SCHEMA evil")
                connection.execute("CREATE TABLE public.seen (who text, super boolean)")
                connection.execute("CREATE TABLE public.books (title text)")
                connection.execute(
                    "CREATE FUNCTION evil.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen "
                    "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user; RETURN new; END $$"
                )
                connection.execute("CREATE TRIGGER t BEFORE INSERT ON books FOR EACH ROW EXECUTE FUNCTION evil.note()")
                connection.execute(f"ALTER DATABASE {made.name} SET search_path = evil, pg_catalog, public")
            yield made

    def test_a_trigger_runs_as_the_owner(self, postgres: PostgresServer, trapped: Database) -> None:
        with postgres.connect(trapped) as connection:
            connection.execute("INSERT INTO public.books VALUES ('Emma')")
            assert connection.execute("SELECT * FROM public.seen").fetchall() == [(trapped.role, False)]

    def test_names_mean_what_they_always_mean(self, postgres: PostgresServer, trapped: Database) -> None:
        with postgres.administer(trapped) as connection:
            assert connection.execute("SHOW search_path").fetchone() == ("pg_catalog",)

    def test_a_copy_is_made_all_the_same(self, postgres: PostgresServer, trapped: Database) -> None:
        with postgres.database(trapped) as copy, postgres.connect(copy) as connection:
            connection.execute("INSERT INTO public.books VALUES ('Emma')")
            assert connection.execute("SELECT * FROM public.seen").fetchall() == [(copy.role, False)]


class TestAServerOfOthers:
    @pytest.fixture
    def dsn(self, postgres: PostgresServer) -> Iterator[str]:
        with postgres.administer() as admin:
            admin.execute("CREATE ROLE visited SUPERUSER LOGIN PASSWORD 'secret'")
            yield f"postgresql://visited:secret@/postgres?host={postgres.socket_folder}"
            admin.execute("DROP ROLE visited")

    def test_one_whose_other_databases_are_open_to_all_is_refused(self, postgres: PostgresServer, dsn: str) -> None:
        with postgres.database() as another, postgres.administer() as admin:
            admin.execute(f"GRANT CONNECT ON DATABASE {another.name} TO PUBLIC")
            remedy = f"REVOKE CONNECT, TEMPORARY ON DATABASE {another.name} FROM PUBLIC"
            with pytest.raises(ServerUnavailable, match=remedy), postgres_server(dsn=dsn):
                pass
            assert admin.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'visited'").fetchone() == (1,)

    def test_one_that_asks_for_no_password_is_refused(self) -> None:
        with launched(find_binaries()) as server:
            (server.folder / "private" / "data" / "pg_hba.conf").write_text("local all all trust\n")
            with connect(server.socket, server.password) as admin:
                admin.execute("SELECT pg_reload_conf()")
            dsn = f"postgresql://postgres@/postgres?host={server.socket}"
            message = "without its password.*scram-sha-256"
            with pytest.raises(ServerUnavailable, match=message), postgres_server(dsn=dsn):
                pass

    def test_only_its_own_socket_is_bound_where_others_lie_beside_it(
        self, postgres: PostgresServer, dsn: str, tmp_path: Path
    ) -> None:
        (tmp_path / ".s.PGSQL.5432").symlink_to(postgres.socket_folder / ".s.PGSQL.5432")
        (tmp_path / ".s.PGSQL.5433").touch()
        with postgres_server(dsn=f"{dsn.partition('?')[0]}?host={tmp_path}") as server:
            assert [path.name for path in server.socket_folder.iterdir()] == [".s.PGSQL.5432"]
            with server.database() as made, server.connect(made) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


def test_nobody_can_enter_a_database_that_is_just_being_made(postgres: PostgresServer) -> None:
    """Somebody else's run looks for open doors while this one makes databases."""
    made = threading.Event()

    def make() -> None:
        for _ in range(15):
            postgres.drop_database(postgres.create_database())
        made.set()

    with postgres.database() as own, postgres.connect(own) as looking:
        maker = threading.Thread(target=make)
        maker.start()
        try:
            while not made.is_set():
                check_doors(looking)
        finally:
            maker.join()
