"""How the operations of the warehouse behave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from evals.holes.world import NOBODY, Behaviours, World, expect

BEHAVIOURS = Behaviours()
NUMBERS = count(1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOLD_PRODUCT = "SELECT 1 FROM products WHERE id = %s FOR UPDATE"
Row = Mapping[str, Any]


def a_category(world: World, name: str = "") -> Row:
    """A category without products."""
    return world.insert("categories", name=name or f"category {next(NUMBERS)}")


def a_product(world: World, category: Row | None = None, **changes: object) -> Row:
    """A product in stock."""
    number = next(NUMBERS)
    plain = {"sku": f"S-{number}", "name": f"thing {number}", "price_cents": 1000, "stock": 10}
    return world.insert("products", **{"category_id": (category or a_category(world))["id"], **plain, **changes})


def moved(world: World, product: Row) -> list[tuple[int, str]]:
    """What went in and out of a product."""
    found = world.rows("SELECT quantity, reason FROM movements WHERE product_id = %s ORDER BY quantity", product["id"])
    return [(row["quantity"], row["reason"]) for row in found]


@BEHAVIOURS("discontinueProduct")
async def it_is_discontinued_at_this_moment(world: World) -> None:
    """The moment is stored and answered; other products stay."""
    product, other = a_product(world, stock=0), a_product(world, stock=0)
    answered = (await world.post(f"/products/{product['id']}/discontinue")).expect(200)
    stored = world.row("products", product["id"])["discontinued_at"]
    expect(stored is not None and abs(datetime.now(UTC) - stored) < timedelta(minutes=1), True, "discontinued just now")
    expect(datetime.fromisoformat(answered["discontinued_at"]) == stored, True, "the answer has the stored moment")
    expect(world.row("products", other["id"])["discontinued_at"], None, "another product")


@BEHAVIOURS("discontinueProduct")
async def it_is_refused_in_stock_or_twice(world: World) -> None:
    """409, and nothing changes."""
    kept, gone = a_product(world, stock=1), a_product(world, stock=0, discontinued_at=LONG_AGO)
    (await world.post(f"/products/{kept['id']}/discontinue")).expect(409)
    (await world.post(f"/products/{gone['id']}/discontinue")).expect(409)
    (await world.post(f"/products/{NOBODY}/discontinue")).expect(404)
    expect(world.row("products", kept["id"])["discontinued_at"], None, "a product in stock")
    expect(world.row("products", gone["id"])["discontinued_at"], LONG_AGO, "one that was discontinued before")


@BEHAVIOURS("reportLowStock")
async def what_is_missing_is_ordered(world: World) -> None:
    """The most missing first, among equals by sku; enough is enough, and what is discontinued is not ordered."""
    for sku, stock, level in (("b", 1, 5), ("a", 0, 4), ("c", 0, 9), ("enough", 5, 5), ("more", 6, 5)):
        a_product(world, sku=sku, stock=stock, reorder_level=level)
    a_product(world, sku="gone", stock=0, reorder_level=7, discontinued_at=LONG_AGO)
    items = (await world.get("/reports/low-stock")).expect(200)["items"]
    expect([(one["sku"], one["missing"]) for one in items], [("c", 9), ("a", 4), ("b", 4)], "what is missing")


@BEHAVIOURS("reportLowStock")
async def nothing_is_missing_where_there_is_nothing(world: World) -> None:
    """An empty list."""
    expect((await world.get("/reports/low-stock")).expect(200), {"items": []}, "an empty warehouse")


@BEHAVIOURS("summariseCategory")
async def its_products_are_summed_up(world: World) -> None:
    """Its own ones, without those that are discontinued."""
    category = a_category(world)
    for price, stock in ((300, 2), (100, 0), (200, 5)):
        a_product(world, category, price_cents=price, stock=stock)
    a_product(world, category, price_cents=1, stock=9, discontinued_at=LONG_AGO)
    a_product(world, price_cents=9999, stock=99)
    found = (await world.get(f"/categories/{category['id']}/summary")).expect(200)
    expect(found, {"products": 3, "units": 7, "cheapest_cents": 100, "dearest_cents": 300}, "the sums")


@BEHAVIOURS("summariseCategory")
async def an_empty_category_has_no_prices(world: World) -> None:
    """Zeros and nulls, and 404 where there is no category."""
    category = a_category(world)
    found = (await world.get(f"/categories/{category['id']}/summary")).expect(200)
    expect(found, {"products": 0, "units": 0, "cheapest_cents": None, "dearest_cents": None}, "nothing")
    (await world.get(f"/categories/{NOBODY}/summary")).expect(404)


@BEHAVIOURS("repriceProduct")
async def prices_are_rounded_half_up(world: World) -> None:
    """To the cent, and never below one."""
    for before, percent, after in (
        (105, 10, 116),
        (1000, -15, 850),
        (50, 1, 51),
        (250, 1, 253),
        (333, 5, 350),
        (3, -99, 1),
    ):
        product = a_product(world, price_cents=before)
        answered = (await world.post(f"/products/{product['id']}/reprice", {"percent": percent})).expect(200)
        expect(answered["price_cents"], after, f"{before} cents and {percent} percent")
        expect(world.row("products", product["id"])["price_cents"], after, "as it is stored")


@BEHAVIOURS("repriceProduct")
async def discontinued_products_keep_their_price(world: World) -> None:
    """409, and 404 where there is none."""
    product = a_product(world, discontinued_at=LONG_AGO)
    (await world.post(f"/products/{product['id']}/reprice", {"percent": 10})).expect(409)
    expect(world.row("products", product["id"])["price_cents"], 1000, "the price")
    (await world.post(f"/products/{NOBODY}/reprice", {"percent": 10})).expect(404)


@BEHAVIOURS("reportStockValue")
async def each_category_has_its_value(world: World) -> None:
    """The highest first, among equals by name, empty ones included."""
    rich, poor, other, empty = (a_category(world, name) for name in ("rich", "poor", "also poor", "empty"))
    a_product(world, rich, stock=3, price_cents=500)
    a_product(world, rich, stock=100_000, price_cents=50_000)
    a_product(world, poor, stock=2, price_cents=100)
    a_product(world, poor, stock=0, price_cents=100)
    a_product(world, other, stock=1, price_cents=200)
    found = (await world.get("/reports/stock-value")).expect(200)
    rows = [tuple(one[name] for name in ("name", "products", "units", "value_cents")) for one in found["items"]]
    wanted = [("rich", 2, 100_003, 5_000_001_500), ("also poor", 1, 1, 200), ("poor", 2, 2, 200), ("empty", 0, 0, 0)]
    expect(rows, wanted, "the values")
    expect(found["items"][3]["category_id"], empty["id"], "the id of a category")
    expect(found["total_cents"], 5_000_001_900, "all together")


@BEHAVIOURS("reportStockValue")
async def nothing_is_worth_nothing(world: World) -> None:
    """No rows, and zero."""
    expect((await world.get("/reports/stock-value")).expect(200), {"items": [], "total_cents": 0}, "nothing")


@BEHAVIOURS("searchProducts")
async def every_word_has_to_occur(world: World) -> None:
    """In the name or the sku, in capitals or not; by name, then by sku."""
    for sku, name in (("k2", "Blue lamp"), ("k1", "Blue lamp"), ("x-lamp", "A blue thing"), ("k3", "Blue table")):
        a_product(world, sku=sku, name=name)
    a_product(world, sku="k0", name="Blue lamp", discontinued_at=LONG_AGO)
    found = (await world.get("/search/products", query="LAMP blue")).expect(200)["items"]
    expect([one["sku"] for one in found], ["x-lamp", "k1", "k2"], "what has both words")
    expect((await world.get("/search/products", query="lamp green")).expect(200)["items"], [], "one word is missing")


@BEHAVIOURS("searchProducts")
async def signs_mean_themselves(world: World) -> None:
    """Percent sign, underscore and backslash."""
    for sku, name in (("p", "100% wool"), ("q", "100 wools"), ("r", "a_b"), ("s", "axb"), ("t", "a\\b")):
        a_product(world, sku=sku, name=name)
    for query, skus in (("0% w", ["p"]), ("a_b", ["r"]), ("a\\b", ["t"])):
        found = (await world.get("/search/products", query=query)).expect(200)["items"]
        expect([one["sku"] for one in found], skus, f"what is found for {query}")


@BEHAVIOURS("searchProducts")
async def the_sku_itself_comes_first(world: World) -> None:
    """Before all names, and twenty at most."""
    for number in range(25):
        a_product(world, sku=f"zz-1-{number:02}", name=f"alike {number:02}")
    a_product(world, sku="ZZ-1", name="zebra")
    found = (await world.get("/search/products", query="zz-1")).expect(200)["items"]
    expect([one["sku"] for one in found], ["ZZ-1", *(f"zz-1-{number:02}" for number in range(19))], "the order")


@BEHAVIOURS("takeStock")
async def what_is_taken_is_recorded(world: World) -> None:
    """The stock falls to nothing, with a negative movement."""
    product = a_product(world, stock=5)
    for quantity, left in ((2, 3), (3, 0)):
        body = {"quantity": quantity, "reason": "sold"}
        answered = (await world.post(f"/products/{product['id']}/take", body)).expect(200)
        expect(answered["stock"], left, "the stock in the answer")
    expect(world.row("products", product["id"])["stock"], 0, "the stock")
    expect(moved(world, product), [(-3, "sold"), (-2, "sold")], "the movements")


@BEHAVIOURS("takeStock")
async def nobody_takes_what_is_not_there(world: World) -> None:
    """409 without a trace, and 404 where there is no product."""
    product = a_product(world, stock=2)
    (await world.post(f"/products/{product['id']}/take", {"quantity": 3, "reason": "sold"})).expect(409)
    (await world.post(f"/products/{NOBODY}/take", {"quantity": 1, "reason": "sold"})).expect(404)
    expect(world.row("products", product["id"])["stock"], 2, "the stock")
    expect(moved(world, product), [], "the movements")


@BEHAVIOURS("takeStock")
async def many_take_at_once(world: World) -> None:
    """As many as there is something for."""
    product = a_product(world, stock=3)
    call = ("POST", f"/products/{product['id']}/take", {"quantity": 1, "reason": "rush"})
    answers = await world.together([call] * 6, lock=HOLD_PRODUCT, values=[product["id"]])
    expect(sorted(one.status for one in answers), [200, 200, 200, 409, 409, 409], "who gets something")
    expect(world.row("products", product["id"])["stock"], 0, "the stock")
    expect(moved(world, product), [(-1, "rush")] * 3, "the movements")


@BEHAVIOURS("reserveProduct")
async def what_is_left_may_be_reserved(world: World) -> None:
    """Open reservations count, those that are over do not; the stock stays."""
    product = a_product(world, stock=10)
    for status, quantity in (("open", 4), ("taken", 100), ("released", 100)):
        world.insert("reservations", product_id=product["id"], quantity=quantity, status=status)
    a_reserved = world.insert("reservations", product_id=a_product(world)["id"], quantity=9)
    expect(a_reserved["status"], "open", "a reservation of another product")
    (await world.post(f"/products/{product['id']}/reserve", {"quantity": 7})).expect(409)
    answered = (await world.post(f"/products/{product['id']}/reserve", {"quantity": 6})).expect(201)
    stored = world.row("reservations", answered["id"])
    expect((answered["product_id"], answered["quantity"], answered["status"]), (product["id"], 6, "open"), "the answer")
    expect((stored["product_id"], stored["quantity"], stored["status"]), (product["id"], 6, "open"), "what is stored")
    expect(world.row("products", product["id"])["stock"], 10, "the stock")


@BEHAVIOURS("reserveProduct")
async def nothing_is_reserved_of_what_is_gone(world: World) -> None:
    """409 for what is discontinued, 404 for what was never there."""
    product = a_product(world, discontinued_at=LONG_AGO)
    (await world.post(f"/products/{product['id']}/reserve", {"quantity": 1})).expect(409)
    (await world.post(f"/products/{NOBODY}/reserve", {"quantity": 1})).expect(404)
    expect(len(world.rows("SELECT 1 FROM reservations")), 0, "the reservations")


@BEHAVIOURS("reserveProduct")
async def many_reserve_at_once(world: World) -> None:
    """Never more than there is."""
    product = a_product(world, stock=4)
    call = ("POST", f"/products/{product['id']}/reserve", {"quantity": 2})
    answers = await world.together([call] * 5, lock=HOLD_PRODUCT, values=[product["id"]])
    expect(sorted(one.status for one in answers), [201, 201, 409, 409, 409], "who gets something")
    expect(len(world.rows("SELECT 1 FROM reservations")), 2, "the reservations")


def imported(sku: str, name: str, category: str, price_cents: int) -> dict[str, object]:
    """One product of an import."""
    return {"sku": sku, "name": name, "category": category, "price_cents": price_cents}


@BEHAVIOURS("importProducts")
async def an_import_adds_and_changes(world: World) -> None:
    """New ones, changed ones, and those that are as they were."""
    old = a_category(world, "old")
    same = a_product(world, old, sku="same", name="same", price_cents=5)
    for sku in ("renamed", "dearer", "moved"):
        a_product(world, old, sku=sku, name=sku, price_cents=5, stock=7, reorder_level=3)
    items = [
        imported("same", "same", "old", 5),
        imported("renamed", "another", "old", 5),
        imported("dearer", "dearer", "old", 6),
        imported("moved", "moved", "new", 5),
        imported("fresh", "fresh", "new", 9),
    ]
    found = (await world.post("/imports/products", {"items": items})).expect(200)
    expect(found, {"created": 1, "updated": 3, "unchanged": 1}, "the counts")
    rows = world.rows(
        "SELECT sku, products.name, categories.name AS category, price_cents, stock, reorder_level FROM products"
        " JOIN categories ON categories.id = category_id ORDER BY sku"
    )
    wanted = [
        ["dearer", "dearer", "old", 6, 7, 3],
        ["fresh", "fresh", "new", 9, 0, 0],
        ["moved", "moved", "new", 5, 7, 3],
        ["renamed", "another", "old", 5, 7, 3],
        ["same", "same", "old", 5, same["stock"], 0],
    ]
    expect([list(row.values()) for row in rows], wanted, "what is stored")
    expect(len(world.rows("SELECT 1 FROM categories")), 2, "the categories")


@BEHAVIOURS("importProducts")
async def an_import_that_contradicts_itself_is_refused(world: World) -> None:
    """Nothing of it is stored."""
    items = [imported("one", "one", "new", 1), imported("two", "two", "new", 2), imported("one", "three", "other", 3)]
    (await world.post("/imports/products", {"items": items})).expect(409)
    expect(len(world.rows("SELECT 1 FROM products")), 0, "the products")
    expect(len(world.rows("SELECT 1 FROM categories")), 0, "the categories")


@BEHAVIOURS("importProducts")
async def the_same_import_again_changes_nothing(world: World) -> None:
    """All of it is unchanged then."""
    body = {"items": [imported(f"i-{number}", "alike", "bulk", number + 1) for number in range(100)]}
    first = (await world.post("/imports/products", body)).expect(200)
    expect(first, {"created": 100, "updated": 0, "unchanged": 0}, "the first time")
    again = (await world.post("/imports/products", body)).expect(200)
    expect(again, {"created": 0, "updated": 0, "unchanged": 100}, "the second time")


def repacking(source: UUID, target: UUID, quantity: int, factor: int) -> dict[str, object]:
    """What is sent."""
    return {"source_id": source, "target_id": target, "quantity": quantity, "factor": factor}


@BEHAVIOURS("repackStock")
async def one_becomes_many(world: World) -> None:
    """Both stocks change, each with its movement."""
    box, piece = a_product(world, stock=3), a_product(world, stock=1)
    answered = (await world.post("/repacking", repacking(box["id"], piece["id"], 2, 12))).expect(200)
    expect(answered, {"source_stock": 1, "target_stock": 25}, "the answer")
    expect([world.row("products", one["id"])["stock"] for one in (box, piece)], [1, 25], "the stocks")
    expect((moved(world, box), moved(world, piece)), ([(-2, "repacked")], [(24, "repacked")]), "the movements")


@BEHAVIOURS("repackStock")
async def what_cannot_be_repacked_stays(world: World) -> None:
    """Too little, the same product, or none."""
    box, piece = a_product(world, stock=3), a_product(world, stock=1)
    for source, target, quantity, status in (
        (box["id"], piece["id"], 4, 409),
        (box["id"], box["id"], 1, 409),
        (box["id"], NOBODY, 1, 404),
        (NOBODY, box["id"], 1, 404),
    ):
        (await world.post("/repacking", repacking(source, target, quantity, 2))).expect(status)
    expect([world.row("products", one["id"])["stock"] for one in (box, piece)], [3, 1], "the stocks")
    expect(len(world.rows("SELECT 1 FROM movements")), 0, "the movements")


@BEHAVIOURS("repackStock")
async def both_ways_at_once(world: World) -> None:
    """Nobody locks the other out."""
    for _ in range(2):
        one, other = a_product(world, stock=20), a_product(world, stock=20)
        ways = (repacking(one["id"], other["id"], 1, 1), repacking(other["id"], one["id"], 1, 1))
        calls = [("POST", "/repacking", ways[number % 2]) for number in range(6)]
        answers = await world.together(calls, lock=HOLD_PRODUCT, values=[one["id"]])
        expect([answer.status for answer in answers], [200] * 6, "both ways at once")
        expect([world.row("products", product["id"])["stock"] for product in (one, other)], [20, 20], "the stocks")
