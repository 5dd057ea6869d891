"""What a person says of an operation is followed in place of what would be derived, or of a hole."""

from __future__ import annotations

from agent.binding.corrections import Correction, Corrections
from agent.binding.evidence import taken_for
from agent.binding.model import Action
from tests.binding.conftest import Derive
from tests.binding.phrases import UUID, operation, record, rows

OWNED = """
    CREATE TABLE users (
        id uuid PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL, role text NOT NULL DEFAULT 'user'
    );
    CREATE TABLE purchase_orders (
        id uuid PRIMARY KEY, note text NOT NULL, author_id uuid NOT NULL REFERENCES users
    );
"""
ORDER = record("note", id=UUID)
TELLING = record("note", author_id=UUID)


def said(key: str, **more: str) -> Corrections:
    """One operation corrected."""
    return Corrections({key: Correction(**more)})  # type: ignore[arg-type]


def test_a_table_can_be_named_that_the_path_does_not(derive: Derive) -> None:
    paths = f"/shop/orders/{{id}}: {{delete: {operation(protected=True, status='204')}}}"
    assert derive(OWNED, paths).operations[0].hole
    bound = derive(OWNED, paths, corrections=said("DELETE /shop/orders/{id}", table="purchase_orders")).operations[0]
    assert (bound.action, bound.table, bound.owner) == (Action.DELETE, "purchase_orders", "author_id")
    assert taken_for(bound) == "removing one of `purchase_orders` of the current user"


def test_it_can_be_said_whose_rows_are_read(derive: Derive) -> None:
    paths = f"/purchase-orders: {{get: {operation(answer=rows(TELLING), protected=True)}}}"
    assert "nothing says whether only the caller's rows" in derive(OWNED, paths).operations[0].reason
    own, every = (
        derive(OWNED, paths, corrections=said("GET /purchase-orders", rows=rows_)).operations[0]
        for rows_ in ("own", "all")
    )
    assert (own.action, own.owner) == (Action.LIST, "author_id")
    assert (every.action, every.owner) == (Action.LIST, None)


def test_it_can_be_said_that_whoever_is_logged_in_may_call(derive: Derive) -> None:
    get = operation(answer=rows(ORDER), protected=True, text="Only admins must see these")
    paths = f"/purchase-orders: {{get: {get}}}"
    assert "only some callers" in derive(OWNED, paths).operations[0].reason
    corrected = derive(OWNED, paths, corrections=said("GET /purchase-orders", callers="any", rows="all"))
    assert not corrected.holes


def test_an_operation_can_be_kept_from_being_derived(derive: Derive) -> None:
    paths = f"/purchase-orders: {{get: {operation(answer=rows(ORDER))}}}"
    assert not derive(OWNED, paths).holes
    corrected = derive(OWNED, paths, corrections=said("GET /purchase-orders", hole="asks the bank"))
    assert corrected.operations[0].reason == "asks the bank"


def test_it_can_be_said_which_table_holds_the_callers(derive: Derive) -> None:
    both = """
        CREATE TABLE staff (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL);
        CREATE TABLE guests (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL);
    """
    login = operation(body=record("email", "password"), answer=record("access_token"))
    paths = f"/login: {{post: {login}}}"
    assert derive(both, paths).holes
    corrected = derive(both, paths, corrections=Corrections(users="guests"))
    assert (corrected.operations[0].action, corrected.operations[0].table) == (Action.LOGIN, "guests")
