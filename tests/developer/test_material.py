"""What a model is shown that writes one function: little, and all that the function needs."""

from __future__ import annotations

from agent.catalog.model import Catalog, CheckConstraint, Column, ForeignKey, Table
from agent.developer.material import describe_briefly, head_of, named_types

SOURCE = '''    async def void(
        self, *, invoice_id: UUID, body: Reason
    ) -> Invoice:
        """Declare it void.

        404 when there is none.

        Not derived from the contract and the schema: path part `void` is no table: an
        action on `invoices`.
        """
        raise OperationNotImplemented(
            "POST /invoices/{invoice_id}/void",
            invoice_id,
            body,
        )
'''


def test_what_it_does_stands_above_the_signature_and_nothing_of_what_is_there_until_it_is_written() -> None:
    assert head_of(SOURCE) == (
        "# Declare it void.\n#\n# 404 when there is none.\n"
        "async def void(\n    self, *, invoice_id: UUID, body: Reason\n) -> Invoice:"
    )


def test_what_says_nothing_has_no_head() -> None:
    assert head_of("async def void(self) -> None:\n    raise OperationNotImplemented\n") == ""
    assert head_of("async def void(") == ""
    assert head_of("x = 1") == ""


def test_the_classes_of_the_signature_are_shown_with_what_they_hold() -> None:
    api = (
        "class Line(BaseModel):\n    cents: StrictInt\n\nclass Invoice(BaseModel):\n    lines: list[Line]\n\n"
        "class Reason(BaseModel):\n    text: StrictStr\n\nclass Other(BaseModel):\n    a: int\n"
    )
    text = "from src.schemas.api import Invoice, Other, Reason\nfrom elsewhere import Thing\n"
    assert named_types(SOURCE, text, {"src/schemas/api.py": api}) == (
        "class Line(BaseModel):\n    cents: int\nclass Invoice(BaseModel):\n    lines: list[Line]\n"
        "class Reason(BaseModel):\n    text: str"
    )


def _table(name: str, *columns: Column, key: tuple[str, str] | None = None, check: str = "") -> Table:
    keys = (ForeignKey(name="key", columns=(key[0],), table=key[1], referenced=("id",)),) if key else ()
    checks = (CheckConstraint(name="check", expression=check, columns=()),) if check else ()
    return Table(name=name, columns=columns, primary_key=("id",), foreign_keys=keys, checks=checks)


def _column(name: str, kind: str = "integer", *, nullable: bool = False) -> Column:
    return Column(name=name, type=kind, base_type=kind, nullable=nullable, default=None)


CATALOG = Catalog(
    tables=(
        _table("customers", _column("id", "uuid"), _column("name", "character varying(200)")),
        _table(
            "invoices",
            _column("customer_id", "uuid"),
            _column("status", "text"),
            _column("due", "timestamp with time zone", nullable=True),
            key=("customer_id", "customers"),
            check="CHECK ((status = ANY (ARRAY['draft'::text, 'void'::text])))",
        ),
        _table("categories", _column("id", "uuid")),
    ),
    enums=(),
    statements=(),
    fingerprint="",
    drops=(),
)


def test_a_table_is_a_line_and_what_it_refers_to_is_shown_too() -> None:
    assert describe_briefly(CATALOG, "POST /invoices/{id}/void") == (
        "customers(id uuid, name text)\n"
        "invoices(customer_id uuid of customers, status text ('draft' | 'void'), due timestamptz or NULL)"
    )


def test_one_of_them_is_as_good_a_word_as_many() -> None:
    assert describe_briefly(CATALOG, "the category is unknown") == "categories(id uuid)"


def test_all_are_shown_where_it_is_not_known_which_are_meant() -> None:
    assert len(describe_briefly(CATALOG, "GET /reports").splitlines()) == 3
