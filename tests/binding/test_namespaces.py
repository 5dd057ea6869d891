"""Leading parts of paths that only group what is behind them are seen through; nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.binding.namespaces import namespaces, parts_of, skipped
from agent.contract.loading import load_contract
from agent.contract.model import Contract


def contract(*paths: str) -> Contract:
    """A contract of these paths; what stands in braces is declared."""
    return load_contract({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": _items(paths)})


def _items(paths: tuple[str, ...]) -> dict[str, object]:
    return {path: {"get": {"responses": {"200": {"description": ""}}, "parameters": _declared(path)}} for path in paths}


def _declared(path: str) -> list[dict[str, object]]:
    names = [part[1:-1] for part in parts_of(path) if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def test_a_part_with_items_behind_its_collections_only_groups() -> None:
    groups = namespaces(contract("/store/orders", "/store/orders/{id}", "/pets/{petId}"), (), ())
    assert groups == {("store",)}
    assert skipped(parts_of("/store/orders/{id}"), groups) == 1
    assert skipped(parts_of("/pets/{petId}"), groups) == 0


def test_api_and_versions_are_seen_through_wherever_they_stand() -> None:
    groups = namespaces(contract("/workshop/api/v2/shop/orders/{id}", "/workshop/api/v2/shop/products"), (), ())
    assert skipped(parts_of("/workshop/api/v2/shop/orders/{id}"), groups) == 4


@pytest.mark.parametrize(
    "paths",
    [
        ("/orders", "/orders/open/{id}"),
        ("/search/books", "/search/authors"),
        ("/admin/videos/{id}",),
        ("/me/orders/{id}",),
        ("/users/settings/{id}",),
        ("/sales/orders/{id}", "/purchases/orders/{id}"),
        ("/sales/orders/{id}", "/orders/{id}"),
        ("/shop/orders/{id}", "/shop/api"),
    ],
)
def test_what_may_mean_something_is_kept(paths: tuple[str, ...]) -> None:
    assert not namespaces(contract(*paths), (), ())


def test_a_table_is_no_group() -> None:
    assert not namespaces(contract("/shop/orders/{id}"), ("shop",), ())


pieces = some.lists(some.sampled_from(["shop", "store", "orders", "api", "v1", "{id}", "me"]), min_size=1, max_size=5)


@settings(max_examples=100, deadline=None)
@given(some.lists(pieces.map(lambda parts: "/" + "/".join(parts)), min_size=1, max_size=5, unique=True))
def test_something_is_always_left_of_a_path_that_names_a_thing(paths: list[str]) -> None:
    single = [path for path in paths if path.count("{id}") < 2]
    if not single:
        return
    groups = namespaces(contract(*single), (), ())
    for path in single:
        parts = parts_of(path)
        assert skipped(parts, groups) < len(parts) or set(parts) <= {"api", "v1"}
