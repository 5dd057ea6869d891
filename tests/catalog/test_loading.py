"""A schema becomes what PostgreSQL says it is after running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.catalog.loading import catalog_of, load_catalog, load_catalog_from_text
from agent.catalog.model import Catalog, CheckConstraint, Column, Enum, ForeignKey, Index, Table, Unique
from agent.errors import CatalogError
from tools.postgres.server import Database, PostgresServer

SCHEMAS = Path(__file__).parent / "schemas"
EVERY = pytest.mark.parametrize("name", sorted(path.name for path in SCHEMAS.glob("*.sql")))


@pytest.fixture(scope="module")
def library(postgres: PostgresServer) -> Catalog:
    return load_catalog(postgres, [SCHEMAS / "library.sql"])


def _table(catalog: Catalog, name: str) -> Table:
    table = catalog.table(name)
    assert table is not None
    return table


def _column(catalog: Catalog, table: str, name: str) -> Column:
    column = _table(catalog, table).column(name)
    assert column is not None
    return column


class TestWhatIsReadBack:
    def test_tables_with_their_schema_unless_public(self, library: Catalog) -> None:
        assert [table.name for table in library.tables] == ["authors", "books", "loans", "staff.people"]

    def test_lengths_and_precisions(self, library: Catalog) -> None:
        assert _column(library, "authors", "name") == Column(
            "name", "character varying(200)", "varchar", nullable=False, default=None, max_length=200
        )
        price = _column(library, "books", "price")
        assert (price.type, price.numeric_precision, price.numeric_scale) == ("numeric(10,2)", 10, 2)
        assert price.comment == "In the library's currency"
        assert _column(library, "books", "weight").numeric_precision is None
        assert _column(library, "books", "code").max_length == 3

    def test_domains_arrays_and_enums_are_followed_down(self, library: Catalog) -> None:
        isbn = _column(library, "books", "isbn")
        assert (isbn.type, isbn.base_type, isbn.domain, isbn.max_length) == ("isbn", "varchar", "isbn", 17)
        assert isbn.domain_checks == ("CHECK (((VALUE)::text ~ '^[0-9-]{10,17}$'::text))",)
        year = _column(library, "books", "year")
        assert (year.base_type, year.nullable, year.default) == ("int4", False, "2000")
        tags = _column(library, "books", "tags")
        assert (tags.type, tags.base_type, tags.array, tags.default) == ("text[]", "text", True, "'{}'::text[]")
        ranks = _column(library, "staff.people", "ranks")
        assert (ranks.array, ranks.enum) == (True, "staff.rank")
        assert _column(library, "loans", "state").enum == "loan_state"

    def test_what_the_server_fills_in(self, library: Catalog) -> None:
        assert _column(library, "books", "id").identity == "always"
        assert _column(library, "staff.people", "id").identity == "by default"
        search = _column(library, "books", "search")
        assert (search.generated, search.default, search.server_filled) == (True, None, True)
        assert _column(library, "authors", "id").default == "gen_random_uuid()"
        assert not _column(library, "books", "title").server_filled

    def test_keys_and_constraints(self, library: Catalog) -> None:
        books = _table(library, "books")
        assert books.primary_key == ("id",)
        assert books.foreign_keys == (
            ForeignKey("books_author_id_fkey", ("author_id",), "authors", ("id",), "cascade"),
        )
        assert books.uniques == (
            Unique("books_author_id_title_key", ("author_id", "title")),
            Unique("books_isbn_key", ("isbn",), partial=True),
        )
        assert books.checks[0] == CheckConstraint(
            "books_price_check", "CHECK (((price >= (0)::numeric) AND (price <= 9999.99)))", ("price",)
        )
        assert books.comment == "What is lent; it's many"

    def test_indexes(self, library: Catalog) -> None:
        assert _table(library, "books").indexes[2] == Index(
            "books_lower_title",
            ("lower(title)", "price"),
            unique=False,
            definition="CREATE INDEX books_lower_title ON public.books USING btree (lower(title), price DESC)",
        )

    def test_a_partitioned_table_is_one(self, library: Catalog) -> None:
        loans = _table(library, "loans")
        assert loans.primary_key == ("id", "lent_on")
        assert [(key.table, key.on_delete) for key in loans.foreign_keys] == [
            ("books", "restrict"),
            ("staff.people", "no action"),
        ]

    def test_enums(self, library: Catalog) -> None:
        assert library.enums == (
            Enum("loan_state", ("open", "late", "returned")),
            Enum("staff.rank", ("clerk", "head")),
        )


class TestStatements:
    def test_they_are_as_supplied_with_the_comments_before_them(self, library: Catalog) -> None:
        books = next(statement for statement in library.statements if "CREATE TABLE books" in statement.sql)
        assert books.sql.startswith('/* Books; "quoted" names; a semicolon; in a comment */\nCREATE TABLE books (')
        assert books.sql.endswith("UNIQUE (author_id, title)\n)")
        text = (SCHEMAS / "library.sql").read_text()
        assert text.splitlines()[books.line - 1].startswith("/* Books")

    def test_a_function_with_semicolons_is_one_statement(self, library: Catalog) -> None:
        (function,) = (one for one in library.statements if "count_books" in one.sql)
        assert function.sql.endswith("SELECT count(*) FROM books; END")

    def test_of_a_dump_only_what_defines_is_kept(self, postgres: PostgresServer) -> None:
        catalog = load_catalog(postgres, [SCHEMAS / "dumped.sql"])
        firsts = [" ".join(_without_comments(one.sql).split()[:3]) for one in catalog.statements]
        assert firsts == [
            "SET check_function_bodies =",
            "CREATE FUNCTION public.customers_count()",
            "CREATE TABLE public.customers",
            "CREATE SEQUENCE public.customers_id_seq",
            "ALTER SEQUENCE public.customers_id_seq",
            "ALTER TABLE ONLY",
            "ALTER TABLE ONLY",
            "RESET check_function_bodies",
        ]
        assert r"\i not a command" in str(_column(catalog, "customers", "note").default)
        (note,) = catalog.notes
        assert "dumped.sql:19" in note
        assert "pg_stat_statements" in note

    def test_a_search_path_goes_with_them(self, postgres: PostgresServer) -> None:
        text = "CREATE SCHEMA app; SET search_path TO app; CREATE TABLE a (id int); SET search_path TO public; "
        catalog = load_catalog_from_text(postgres, text + "CREATE TABLE b (id int)", "schema.sql")
        assert [table.name for table in catalog.tables] == ["app.a", "b"]
        assert [one.sql for one in catalog.statements][1::2] == ["SET search_path = app", "SET search_path = public"]

    def test_what_cleared_nothing_is_left_out(self, postgres: PostgresServer) -> None:
        text = "DROP TABLE IF EXISTS a; CREATE TABLE a (id int); DROP TABLE IF EXISTS a; CREATE TABLE a (id uuid)"
        catalog = load_catalog_from_text(postgres, text, "schema.sql")
        assert [one.sql[:5] for one in catalog.statements] == ["CREAT", "DROP ", "CREAT"]


@EVERY
def test_applied_and_dropped_nothing_is_left(postgres: PostgresServer, database: Database, name: str) -> None:
    empty = catalog_of(postgres, database)
    assert empty == Catalog((), (), (), "", ())
    catalog = load_catalog(postgres, [SCHEMAS / name])
    with postgres.connect_as_owner(database) as connection:
        for statement in catalog.statements:
            connection.execute(statement.sql.encode())
        connection.commit()
        assert catalog_of(postgres, database).fingerprint == catalog.fingerprint
        for drop in catalog.drops:
            connection.execute(drop.encode())
        connection.commit()
    assert catalog_of(postgres, database) == empty


class TestTheFingerprint:
    FIRST = (
        "CREATE TABLE a (id int PRIMARY KEY, b int, c text); CREATE TABLE d (id int); CREATE TYPE e AS ENUM ('x', 'y')"
    )

    def _of(self, postgres: PostgresServer, text: str) -> str:
        return load_catalog_from_text(postgres, text, "schema.sql").fingerprint

    def test_it_is_the_same_whatever_the_order(self, postgres: PostgresServer) -> None:
        other = (
            "CREATE TYPE e AS ENUM ('x'); CREATE TABLE d (id int); CREATE TABLE a (c text, id int, b int);"
            "ALTER TYPE e ADD VALUE 'y'; ALTER TABLE a ADD PRIMARY KEY (id)"
        )
        assert self._of(postgres, self.FIRST) == self._of(postgres, other)

    @pytest.mark.parametrize(
        "change",
        [
            "ALTER TABLE a ALTER b SET NOT NULL",
            "ALTER TABLE a ALTER b SET DEFAULT 1",
            "ALTER TABLE a ALTER b TYPE bigint",
            'ALTER TABLE a ALTER c TYPE text COLLATE "C"',
            "ALTER TABLE a ADD CHECK (b > 0)",
            "ALTER TABLE a ADD UNIQUE (b)",
            "ALTER TABLE d ADD FOREIGN KEY (id) REFERENCES a",
            "CREATE INDEX ON a (b)",
            "CREATE UNLOGGED TABLE f (id int)",
            "ALTER TYPE e ADD VALUE 'z'",
            "CREATE DOMAIN f AS text",
            "CREATE SEQUENCE f",
            "CREATE VIEW f AS SELECT 1 AS one",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE RULE f AS ON INSERT TO d DO INSTEAD NOTHING",
            "CREATE STATISTICS f ON b, c FROM a",
            "CREATE SCHEMA f",
            "CREATE EXTENSION citext",
            "CREATE TYPE f AS (one int)",
            "COMMENT ON COLUMN a.b IS 'b'",
            "COMMENT ON TYPE e IS 'e'",
            "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
        ],
    )
    def test_every_change_shows(self, postgres: PostgresServer, change: str) -> None:
        assert self._of(postgres, self.FIRST) != self._of(postgres, f"{self.FIRST}; {change}")

    def test_alembics_own_table_is_left_out(self, postgres: PostgresServer) -> None:
        alembic = "; CREATE TABLE alembic_version (version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY)"
        assert self._of(postgres, self.FIRST) == self._of(postgres, self.FIRST + alembic)


class TestTheHostIsOutOfReach:
    @pytest.mark.parametrize(
        "attack",
        [
            "DO $$ BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {target}'''; END $$",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
            " EXECUTE 'COPY (SELECT 1) TO ''{target}'''; RETURN 1; END $$; SELECT f()",
            "SELECT lo_export(lo_from_bytea(0, 'x'), '{target}')",
            "CREATE TABLE t AS SELECT pg_read_file('/etc/passwd')",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'return 1'",
            "LOAD '/tmp/library.so'",
        ],
    )
    def test_hidden_attacks_are_refused_by_the_server(
        self, postgres: PostgresServer, tmp_path: Path, attack: str
    ) -> None:
        tmp_path.chmod(0o777)
        target = tmp_path / "escaped"
        with pytest.raises(CatalogError, match="schema.sql:1: (permission denied|language|access to|must be)"):
            load_catalog_from_text(postgres, attack.replace("{target}", str(target)), "schema.sql")
        assert not target.exists()

    def test_a_time_limit_cannot_be_lifted(self, postgres: PostgresServer) -> None:
        text = """
            SET statement_timeout = 0; SELECT set_config('statement_timeout', '0', false); CREATE TABLE a (id int);
            DO $$ BEGIN ASSERT current_setting('statement_timeout') = '1min'; END $$;
        """
        assert load_catalog_from_text(postgres, text, "schema.sql").table("a") is not None


def _without_comments(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
