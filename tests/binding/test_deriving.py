"""Whatever contract meets whatever schema: every operation is bound or says why not."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.binding.deriving import bind
from agent.binding.model import Action, Bound
from agent.binding.rendering import explain
from agent.catalog.model import Catalog, Column, ForeignKey, Table, Unique
from agent.contract.model import Answer, Body, Contract, Method, Operation, Parameter, SecurityScheme

NAMES = [
    "id",
    "title",
    "email",
    "password",
    "userId",
    "created_at",
    "deletedAt",
    "status",
    "tags",
    "user",
    "items",
    "total",
]
PATHS = [
    "/users",
    "/users/{id}",
    "/books",
    "/books/{bookId}",
    "/books/{id}/reviews",
    "/books/{b}/reviews/{id}",
    "/me/books",
]
PATHS += [
    "/auth/login",
    "/auth/register",
    "/auth/refresh",
    "/auth/logout",
    "/me",
    "/reviews/{id}",
    "/reviews",
    "/books/best",
]
PATHS += [
    "/",
    "/{id}",
    "/books/{a}.json",
    "/books/{",
    "/2024",
    "/is",
    "/é/-",
    "/api/v1/books",
    "/users/{user_id}/books",
]
QUERY = ["page", "limit", "offset", "sort", "order", "q", "minPrice", "from", "title", "status", "after", "", "max"]
TYPES = [("text", "text"), ("uuid", "uuid"), ("int4", "integer"), ("numeric", "numeric(8,2)"), ("jsonb", "jsonb")]
TYPES += [("timestamptz", "timestamp with time zone"), ("date", "date"), ("bool", "boolean"), ("bytea", "bytea")]

scalars: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "number", "boolean", ["string", "null"], "null"]),
        "format": st.sampled_from(["uuid", "date", "date-time", "email"]),
        "enum": st.sampled_from([["a", "-a"], [1, None], ["title", "-title"], []]),
        "default": st.sampled_from(["title", "-created_at", 5, None]),
        "maximum": st.integers(1, 9),
        "minimum": st.integers(0, 1),
    },
)
references = st.sampled_from(["A", "B"]).map(lambda name: {"$ref": f"#/components/schemas/{name}"})
schemas: st.SearchStrategy[dict[str, Any]] = st.recursive(
    scalars | references,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)},
            optional={"required": st.lists(st.sampled_from(NAMES), max_size=3)},
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=6,
)
string, identifier = {"type": "string"}, {"type": "string", "format": "uuid"}
likely = {"id": identifier, "title": string, "email": string, "userId": identifier, "accessToken": string}
written = {"title": string, "email": string, "password": string, "refreshToken": string}


mostly = st.sampled_from([True] * 9 + [False])
columns = st.builds(
    lambda name, kind, nullable, default: Column(name, kind[1], kind[0], nullable, default),
    st.sampled_from(["created_at", "deleted_at", "status", "tags", "role"]),
    st.sampled_from(TYPES),
    st.booleans(),
    st.sampled_from([None, "now()"]),
)
UUID = ("uuid", "uuid", False, "gen_random_uuid()")
KEPT = {"users": ["email", "password_hash"], "books": ["title", "user_id"], "reviews": ["title", "user_id", "book_id"]}


@st.composite
def tables(draw: st.DrawFn, name: str) -> Table:
    """A table with a few usual columns and some that are not."""
    kept = [one for one in KEPT[name] if draw(mostly)]
    kinds = {one: ("uuid", "uuid") if one.endswith("_id") else ("text", "text") for one in kept}
    found = [
        Column("id", *UUID),
        *(Column(one, *kinds[one], nullable=not draw(mostly), default=None) for one in kept),
    ]
    found += draw(st.lists(columns, max_size=2, unique_by=lambda column: column.name))
    links = [
        ForeignKey(one, (one,), f"{one[:-3]}s", ("id",)) for one in kept if one.endswith("_id") and draw(st.booleans())
    ]
    unique = [Unique(one, (one,)) for one in kept if draw(st.booleans())]
    return Table(name, tuple(found), draw(st.sampled_from([*[("id",)] * 9, ()])), tuple(links), tuple(unique))


KINDS: list[tuple[Method, str, list[str], str]] = [
    ("get", "/books", [], "rows"),
    ("get", "/me/books", [], "rows"),
    ("get", "/books/{bookId}/reviews", [], "rows"),
    ("get", "/books/{bookId}", [], "row"),
    ("get", "/auth/me", [], "row"),
    ("post", "/books", ["title"], "row"),
    ("post", "/books/{bookId}/reviews", ["title"], "row"),
    ("patch", "/reviews/{id}", ["title"], "row"),
    ("put", "/books/{id}", ["title"], "row"),
    ("delete", "/books/{id}", [], ""),
    ("post", "/auth/register", ["email", "password"], "row"),
    ("post", "/auth/login", ["email", "password"], "tokens"),
    ("post", "/auth/refresh", ["refreshToken"], "tokens"),
]


def record(*names: str) -> dict[str, Any]:
    """An object with these properties, all required."""
    return {"type": "object", "required": list(names), "properties": {name: (likely | written)[name] for name in names}}


@st.composite
def usual(draw: st.DrawFn, number: int) -> Operation:
    """An operation such as most contracts have, with at most one thing about it that is odd."""
    method, path, sent, answer = draw(st.sampled_from(KINDS))
    odd = draw(st.sampled_from(["", "", "body", "answer", "query", "path"]))
    row = record(*draw(st.sampled_from([["id", "title"], ["id"], ["title", "userId"], ["id", "email"]])))
    schema = {
        "row": row,
        "rows": {"type": "array", "items": row},
        "tokens": record("accessToken", "refreshToken"),
        "": None,
    }
    given_back = draw(schemas) if odd == "answer" else schema[answer]
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [Parameter(name, "path", True, draw(scalars) if odd == "path" else identifier) for name in names]
    query = [Parameter(draw(st.sampled_from(QUERY)), "query", False, draw(schemas))] if odd == "query" else []
    body = Body(True, {"application/json": draw(schemas) if odd == "body" else record(*sent)}) if sent else None
    content = {"application/json": given_back} if given_back is not None else {}
    security = () if answer == "tokens" else draw(st.sampled_from([(), (frozenset({"bearer"}),)]))
    text = draw(st.sampled_from(["my own", "list all", ""]))
    found = (Answer("200", "", content),)
    return Operation(f"o{number}", method, path, text, "", (), (*parameters, *query), body, found, security, "")


@st.composite
def unusual(draw: st.DrawFn, number: int) -> Operation:
    """Any operation at all."""
    methods: list[Method] = ["get", "post", "put", "patch", "delete", "head"]
    method, path = draw(st.sampled_from(methods)), draw(st.sampled_from(PATHS))
    names = [part[1:-1] for part in path.split("/") if part.startswith("{") and part.endswith("}")]
    parameters = [Parameter(name, "path", True, draw(scalars)) for name in names]
    parameters += [
        Parameter(name, "query", False, draw(schemas)) for name in draw(st.lists(st.sampled_from(QUERY), max_size=2))
    ]
    media = st.sampled_from(["application/json", "text/plain", "application/x-www-form-urlencoded"])
    content = st.dictionaries(media, schemas, max_size=2)
    body = draw(st.none() | st.builds(Body, st.booleans(), content))
    answers = st.builds(Answer, st.sampled_from(["200", "201", "default", "404"]), st.just(""), content)
    security = draw(st.sampled_from([(), (frozenset({"bearer"}),), (frozenset({"gone"}),), (frozenset[str](),)]))
    found = tuple(draw(st.lists(answers, max_size=2)))
    return Operation(f"o{number}", method, path, "admins only", "", (), tuple(parameters), body, found, security, "")


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    found = {
        one.key: one
        for one in [draw(usual(number) | usual(number) | unusual(number)) for number in range(draw(st.integers(1, 3)))]
    }
    shared = {name: draw(schemas) for name in ("A", "B")}
    bearer = {"bearer": SecurityScheme("bearer", "http", "bearer")}
    return Contract("t", "1", "3.1.0", {}, "", tuple(found.values()), shared, bearer, "")


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    names = draw(st.sampled_from([["users", "books", "reviews"], ["users", "books"], ["books", "reviews"]]))
    return Catalog(tuple(draw(tables(name)) for name in names), (), (), "", ())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(contracts(), catalogs())
def test_every_operation_is_bound_or_a_hole_with_a_reason(contract: Contract, catalog: Catalog) -> None:
    binding = bind(contract, catalog)
    assert [bound.operation for bound in binding.operations] == list(contract.operations)
    assert explain(binding).count("\n") == len(contract.operations) - 1
    assert bind(contract, catalog) == binding
    for bound in binding.operations:
        assert bound.resource.isidentifier()
        assert bool(bound.reason) == bound.hole
        if not bound.hole:
            _is_sound(bound, catalog)


def _is_sound(bound: Bound, catalog: Catalog) -> None:
    """What is bound exists: the table, and every column that is read or written."""
    table = catalog.table(bound.table)
    assert table is not None
    named = [field.column for field in (*bound.body, *bound.answer) if field.column]
    named += [column for one in bound.filters for column in one.columns]
    named += list(bound.sorting.columns.values()) if bound.sorting else []
    named += [bound.owner] if bound.owner else []
    assert all(table.column(name) for name in named)
    assert not {field.column for field in bound.answer} & {"password_hash"} or bound.action is Action.LOGOUT
    assert bound.action is not Action.LIST or bound.paging is not None
