"""What the statements of another dialect say, put together table by table."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from agent.catalog.dialects.cutting import Cut, cut
from agent.catalog.dialects.detecting import NAMES, Dialect
from agent.catalog.dialects.draft import Column, Draft, Foreign, Index, Part, Table, View
from agent.catalog.dialects.kinds import default_of, typed
from agent.errors import CatalogError, Problem

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it does not understand, it hands over as a command

_DEFINES = re.compile(r"(?:create|alter|rename)\b", re.IGNORECASE)
_PROGRAM = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:definer\s*=\s*\S+\s+)?(?:temp\w*\s+)?(?P<what>trigger|procedure|function|event)\b",
    re.IGNORECASE,
)
_NOT_OF_TABLES = re.compile(
    r"create\s+(?:database|schema|user|role|temp\w*\s+table|virtual\s+table)\b|alter\s+(?:database|schema|user)\b",
    re.IGNORECASE,
)
_LEFT_TO_THE_SERVER = re.compile(
    r"\bwithout\s+rowid\b|\busing\s+(?:btree|hash)\b|\b(?:in)?visible\b|\balgorithm\s*=\s*\w+|\block\s*=\s*\w+"
    r"|\bdefiner\s*=\s*\S+|\bsql\s+security\s+\w+|\brow_format\s*=\s*\w+|\bon\s+conflict\s+\w+",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]")


def read_draft(text: str, name: str, dialect: Dialect) -> Draft:
    """Everything that the script defines; data, settings and rights are passed over.

    Raises `CatalogError` with every statement that cannot be read.
    """
    reader = _Reader(dialect, name)
    for statement in cut(text, dialect):
        reader.take(statement)
    if reader.problems:
        raise CatalogError(reader.problems)
    return reader.draft


@dataclass(slots=True)
class _Reader:
    dialect: Dialect
    file: str
    draft: Draft = field(default_factory=Draft)
    problems: list[Problem] = field(default_factory=list)

    def take(self, statement: Cut) -> None:
        if not _DEFINES.match(statement.sql) or _NOT_OF_TABLES.match(statement.sql):
            return
        if program := _PROGRAM.match(statement.sql):
            where = f"{program['what'].lower()} in line {statement.line}"
            self.draft.changed(f"what {NAMES[self.dialect]} runs itself was left out", where)
            return
        try:
            self._read(statement, sqlglot.parse_one(_bare(statement.sql), read=self.dialect))
        except SqlglotError as error:
            self._refuse(statement, str(error).partition("\n")[0].partition(". Line")[0])

    def _read(self, statement: Cut, read: exp.Expr) -> None:
        match read:
            case exp.Create(kind="TABLE", this=exp.Schema() as schema):
                self._table(statement, read, schema)
            case exp.Create(kind="INDEX", this=exp.Index() as index):
                self._index(statement, index, unique=bool(read.args.get("unique")))
            case exp.Create(kind="VIEW"):
                self.draft.views.append(View(read.sql("postgres", identify=True), statement.line))
            case exp.Alter(kind="TABLE"):
                self._alter(statement, read)
            case _:
                self._refuse(statement, "it is not understood")

    def _refuse(self, statement: Cut, why: str) -> None:
        first = " ".join(statement.sql.split())[:60]
        message = f"`{first}` in {NAMES[self.dialect]}'s dialect cannot be translated: {why}; write it as PostgreSQL's"
        self.problems.append(Problem(f"{self.file}:{statement.line}", message))

    def _table(self, statement: Cut, create: exp.Create, schema: exp.Schema) -> None:
        name = schema.this.name
        if name.lower() in self.draft.tables:
            if not create.args.get("exists"):
                self._refuse(statement, f"there is a table {name} already")
            return
        if self.dialect == "sqlite" and name.startswith("sqlite_"):
            return
        table = Table(name, statement.line)
        self.draft.tables[name.lower()] = table
        for part in schema.expressions:
            self._part(statement, table, part)
        if self.dialect == "sqlite":
            _count_rows(table)
        properties = create.args.get("properties")
        for one in properties.expressions if properties else ():
            if isinstance(one, exp.SchemaCommentProperty):
                table.comment = one.name

    def _part(self, statement: Cut, table: Table, part: exp.Expr, name: str = "") -> None:
        """A column or a constraint of a table."""
        match part:
            case exp.ColumnDef():
                self._column(statement, table, part)
            case exp.Identifier():
                self._column(statement, table, exp.ColumnDef(this=part))
            case exp.Constraint():
                for one in part.expressions:
                    self._part(statement, table, one, part.name)
            case exp.PrimaryKey():
                table.primary = [one.name for one in self._columns(table, part.expressions)]
            case exp.UniqueColumnConstraint(this=exp.Schema() as schema):
                columns = [one.name for one in self._columns(table, schema.expressions)]
                table.uniques.append((name or schema.name, columns))
            case exp.IndexColumnConstraint():
                self._key(table, part)
            case exp.ForeignKey():
                columns = [one.name for one in part.expressions]
                table.foreigns.append(_foreign(name, columns, part.args["reference"]))
            case exp.CheckColumnConstraint() | exp.Check():
                self._check(table, name, part.this)
            case _:
                self._refuse(statement, f"`{part.sql(self.dialect)[:60]}` is not understood")

    def _column(self, statement: Cut, table: Table, definition: exp.ColumnDef) -> None:
        kind, where = definition.args.get("kind"), f"{table.name}.{definition.name}"
        found = typed(kind, self.dialect)
        if found is None:
            self._refuse(statement, f"{where}: there is no type for {kind.sql(self.dialect) if kind else 'it'}")
            return
        if found.change:
            self.draft.changed(found.change, where)
        column = Column(definition.name, found.text, unsigned=found.unsigned, choices=found.choices)
        table.columns[column.name.lower()] = column
        for one in definition.args.get("constraints") or ():
            self._quality(statement, table, column, one.kind, one.name)

    def _quality(self, statement: Cut, table: Table, column: Column, kind: exp.Expr, name: str) -> None:
        """One of the words after a column's type."""
        where = f"{table.name}.{column.name}"
        match kind:
            case exp.NotNullColumnConstraint():
                column.required = not kind.args.get("allow_null")
            case exp.AutoIncrementColumnConstraint() | exp.GeneratedAsIdentityColumnConstraint():
                column.identity = True
            case exp.DefaultColumnConstraint():
                self._default(table, column, kind.this)
            case exp.CommentColumnConstraint():
                column.comment = kind.name
            case exp.ComputedColumnConstraint():
                column.computed = _expression(table, kind.this)
            case exp.OnUpdateColumnConstraint():
                self.draft.changed("ON UPDATE was left out: the service keeps such columns", where)
            case exp.CollateColumnConstraint() | exp.BinaryColumnConstraint():
                self.draft.changed("a collation was left out: texts compare by their characters", where)
            case exp.CharacterSetColumnConstraint() | exp.ZeroFillColumnConstraint():
                pass
            case _:
                self._rule(statement, table, column, kind, name)

    def _rule(self, statement: Cut, table: Table, column: Column, kind: exp.Expr, name: str) -> None:
        """A constraint of the table that stands at its only column."""
        match kind:
            case exp.PrimaryKeyColumnConstraint():
                table.primary = [column.name]
            case exp.UniqueColumnConstraint():
                table.uniques.append((name, [column.name]))
            case exp.CheckColumnConstraint():
                self._check(table, name, kind.this)
            case exp.Reference():
                table.foreigns.append(_foreign(name, [column.name], kind))
            case _:
                what = f"{table.name}.{column.name}: `{kind.sql(self.dialect)[:60]}`"
                self._refuse(statement, f"{what} is not understood")

    def _default(self, table: Table, column: Column, value: exp.Expr) -> None:
        where = f"{table.name}.{column.name}"
        default = default_of(value, column.type, self.dialect, lambda one: _expression(table, one))
        if default is None:
            self.draft.changed(f"default {value.sql(self.dialect)} was left out", where)
            return
        if default == "CURRENT_TIMESTAMP" and column.type == "text":
            column.type = "timestamp"
            self.draft.changed("a text that starts as the present moment became a timestamp", where)
        column.default = default

    def _check(self, table: Table, name: str, condition: exp.Expr) -> None:
        called = [one for one in condition.find_all(exp.Anonymous) if one.name.lower() == "json_valid"]
        column = table.columns.get(called[0].expressions[0].name.lower()) if called else None
        if column is not None:
            column.type = "jsonb"
            self.draft.changed("a text that is checked to be JSON became jsonb", f"{table.name}.{column.name}")
            return
        table.checks.append((name, _expression(table, condition)))

    def _key(self, table: Table, key: exp.IndexColumnConstraint) -> None:
        if key.args.get("kind"):
            self.draft.changed(f"{key.args['kind']} index was left out".lower(), f"{table.name}.{key.name}")
            return
        table.indexes.append(Index(key.name, [Part(one.name) for one in self._columns(table, key.expressions)]))

    def _columns(self, table: Table, parts: Sequence[exp.Expr]) -> Iterator[exp.Expr]:
        """The columns of a key; the length of a prefix is passed over."""
        for part in parts:
            if part.find(exp.ColumnPrefix):
                self.draft.changed("the index of a prefix became one of the whole column", f"{table.name}.{part.name}")
            yield part

    def _index(self, statement: Cut, index: exp.Index, *, unique: bool) -> None:
        table = self._known(statement, index.args["table"].name)
        if table is None:
            return
        params = index.args["params"]
        parts = [_part(table, one) for one in params.args.get("columns") or ()]
        where = params.args.get("where")
        condition = _expression(table, where.this) if where else ""
        table.indexes.append(Index(index.name, parts, unique, condition))

    def _alter(self, statement: Cut, alter: exp.Alter) -> None:
        table = self._known(statement, alter.this.name)
        for action in (alter.args.get("actions") or ()) if table else ():
            assert table is not None
            match action:
                case exp.AddConstraint():
                    for one in action.expressions:
                        self._part(statement, table, one)
                case exp.ColumnDef():
                    self._column(statement, table, action)
                case exp.ModifyColumn(this=exp.ColumnDef() as definition):
                    self._column(statement, table, definition)
                case _:
                    self._refuse(statement, f"`{action.sql(self.dialect)[:60]}` is not understood")

    def _known(self, statement: Cut, name: str) -> Table | None:
        table = self.draft.tables.get(name.lower())
        if table is None:
            self._refuse(statement, f"there is no table {name} before it")
        return table


def _count_rows(table: Table) -> None:
    """A whole number that is the key alone is the number of the row, which SQLite counts."""
    key = table.columns.get(table.primary[0].lower()) if len(table.primary) == 1 else None
    if key is not None and key.type == "bigint":
        key.identity = True


def _foreign(name: str, columns: list[str], reference: exp.Expr) -> Foreign:
    target = reference.this
    table = target.this if isinstance(target, exp.Schema) else target
    referenced = [one.name for one in target.expressions] if isinstance(target, exp.Schema) else []
    actions = [one for one in reference.args.get("options") or () if str(one).upper().startswith("ON ")]
    return Foreign(name, columns, table.name, referenced, [str(one).upper() for one in actions])


def _part(table: Table, ordered: exp.Expr) -> Part:
    of = ordered.this.this if isinstance(ordered.this, exp.Collate) else ordered.this
    plain = isinstance(of, exp.Column | exp.ColumnPrefix)
    return Part(of.name if plain else _expression(table, of), not plain, bool(ordered.args.get("desc")))


def _expression(table: Table, value: exp.Expr) -> str:
    """As PostgreSQL writes it, columns spelt as in the table."""

    def spelt(node: exp.Expr) -> exp.Expr:
        known = table.columns.get(node.name.lower()) if isinstance(node, exp.Column) else None
        return exp.column(known.name) if known else node

    return value.transform(spelt).sql("postgres", identify=True)


def _bare(sql: str) -> str:
    """Without the words that say how a server stores things; what stands in quotes stays."""
    parts, done = list[str](), 0
    for text in _QUOTED.finditer(sql):
        parts += [_LEFT_TO_THE_SERVER.sub(" ", sql[done : text.start()]), text[0]]
        done = text.end()
    return "".join(parts) + _LEFT_TO_THE_SERVER.sub(" ", sql[done:])
