"""How the operations of the billing service behave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import count
from typing import Any

from evals.holes.world import NOBODY, Behaviours, World, expect

BEHAVIOURS = Behaviours()
NUMBERS = count(1)
Row = Mapping[str, Any]


def a_customer(world: World, name: str = "", **changes: object) -> Row:
    """Somebody without invoices."""
    number = next(NUMBERS)
    return world.insert(
        "customers", **{"name": name or f"customer {number}", "email": f"c{number}@example.org", **changes}
    )


def an_invoice(world: World, status: str = "draft", customer: Row | None = None, **changes: object) -> Row:
    """An invoice without lines; issued ones have a number and dates."""
    values = {"customer_id": (customer or a_customer(world))["id"], "status": status}
    if status != "draft":
        values |= {"number": next(NUMBERS), "issued_on": date(2026, 3, 1), "due_on": date(2026, 3, 15)}
    return world.insert("invoices", **{**values, **changes})


def a_line(world: World, invoice: Row, quantity: int, unit_cents: int, tax_percent: int = 20) -> Row:
    """One line of an invoice."""
    values = {"quantity": quantity, "unit_cents": unit_cents, "tax_percent": tax_percent}
    return world.insert("invoice_lines", invoice_id=invoice["id"], description=f"line {next(NUMBERS)}", **values)


def paid(world: World, invoice: Row, amount_cents: int, event_id: str = "") -> Row:
    """A payment on an invoice."""
    event = event_id or f"event-{next(NUMBERS)}"
    return world.insert("payments", invoice_id=invoice["id"], event_id=event, amount_cents=amount_cents)


@BEHAVIOURS("voidInvoice")
async def drafts_and_issued_ones_become_void(world: World) -> None:
    """As it is stored and answered; the others stay."""
    other = an_invoice(world, "issued")
    for status in ("draft", "issued"):
        invoice = an_invoice(world, status)
        answered = (await world.post(f"/invoices/{invoice['id']}/void")).expect(200)
        expect(answered["status"], "void", f"a {status} one in the answer")
        expect(world.row("invoices", invoice["id"])["status"], "void", f"a {status} one as it is stored")
    expect(world.row("invoices", other["id"])["status"], "issued", "another one")


@BEHAVIOURS("voidInvoice")
async def what_was_paid_cannot_be_void(world: World) -> None:
    """Not even in part; and nothing is declared void twice."""
    begun = an_invoice(world, "issued", total_cents=500)
    paid(world, begun, 1)
    for invoice, status in (
        (begun, "issued"),
        (an_invoice(world, "paid"), "paid"),
        (an_invoice(world, "void"), "void"),
    ):
        (await world.post(f"/invoices/{invoice['id']}/void")).expect(409)
        expect(world.row("invoices", invoice["id"])["status"], status, "what could not be declared void")
    (await world.post(f"/invoices/{NOBODY}/void")).expect(404)


@BEHAVIOURS("remindCustomer")
async def three_reminders_and_no_fourth(world: World) -> None:
    """Each counts one more."""
    invoice, other = an_invoice(world, "issued"), an_invoice(world, "issued")
    for reminders in (1, 2, 3):
        answered = (await world.post(f"/invoices/{invoice['id']}/remind")).expect(200)
        expect(answered["reminders"], reminders, "the reminders")
    (await world.post(f"/invoices/{invoice['id']}/remind")).expect(409)
    expect(world.row("invoices", invoice["id"])["reminders"], 3, "the reminders in the end")
    expect(world.row("invoices", other["id"])["reminders"], 0, "another invoice")


@BEHAVIOURS("remindCustomer")
async def only_issued_ones_are_reminded_of(world: World) -> None:
    """409 for every other status."""
    for status in ("draft", "paid", "void"):
        invoice = an_invoice(world, status)
        (await world.post(f"/invoices/{invoice['id']}/remind")).expect(409)
        expect(world.row("invoices", invoice["id"])["reminders"], 0, f"a {status} one")
    (await world.post(f"/invoices/{NOBODY}/remind")).expect(404)


@BEHAVIOURS("splitIntoInstalments")
async def instalments_add_up(world: World) -> None:
    """The larger ones come first, and no cent is lost."""
    for total, parts, amounts in (
        (1000, 3, [334, 333, 333]),
        (1001, 3, [334, 334, 333]),
        (900, 3, [300, 300, 300]),
        (2, 4, [1, 1, 0, 0]),
        (77, 1, [77]),
    ):
        invoice = an_invoice(world, "issued", total_cents=total)
        found = (await world.get(f"/invoices/{invoice['id']}/instalments", count=parts)).expect(200)
        expect(found, {"amounts": amounts}, f"{total} cents in {parts}")


@BEHAVIOURS("splitIntoInstalments")
async def drafts_and_void_ones_are_not_split(world: World) -> None:
    """409; what is paid can be split still."""
    for status, code in (("draft", 409), ("void", 409), ("paid", 200)):
        invoice = an_invoice(world, status, total_cents=100)
        (await world.get(f"/invoices/{invoice['id']}/instalments", count=2)).expect(code)
    (await world.get(f"/invoices/{NOBODY}/instalments", count=2)).expect(404)


@BEHAVIOURS("readBalance")
async def invoices_and_payments_are_summed_up(world: World) -> None:
    """Issued and paid ones, each once, however many payments there are."""
    customer = a_customer(world)
    issued = an_invoice(world, "issued", customer, total_cents=1000)
    done = an_invoice(world, "paid", customer, total_cents=300)
    for status in ("draft", "void"):
        paid(world, an_invoice(world, status, customer, total_cents=7000), 40)
    for invoice, amount in ((issued, 100), (issued, 150), (done, 300), (an_invoice(world, "issued", total_cents=9), 5)):
        paid(world, invoice, amount)
    found = (await world.get(f"/customers/{customer['id']}/balance")).expect(200)
    expect(found, {"invoiced_cents": 1300, "paid_cents": 550, "open_cents": 750}, "the balance")


@BEHAVIOURS("readBalance")
async def who_has_nothing_owes_nothing(world: World) -> None:
    """Zeros, and 404 where there is nobody."""
    found = (await world.get(f"/customers/{a_customer(world)['id']}/balance")).expect(200)
    expect(found, {"invoiced_cents": 0, "paid_cents": 0, "open_cents": 0}, "the balance")
    (await world.get(f"/customers/{NOBODY}/balance")).expect(404)


@BEHAVIOURS("sumUpInvoice")
async def tax_is_rounded_once_for_each_rate(world: World) -> None:
    """Half a cent upwards, the lowest rate first."""
    invoice = an_invoice(world)
    for quantity, cents, percent in ((1, 15, 19), (1, 15, 19), (3, 5, 10), (1, 25, 10), (2, 50, 0)):
        a_line(world, invoice, quantity, cents, percent)
    a_line(world, an_invoice(world), 1, 999, 19)
    rates = [
        {"tax_percent": 0, "net_cents": 100, "tax_cents": 0},
        {"tax_percent": 10, "net_cents": 40, "tax_cents": 4},
        {"tax_percent": 19, "net_cents": 30, "tax_cents": 6},
    ]
    found = (await world.get(f"/invoices/{invoice['id']}/totals")).expect(200)
    expect(found, {"net_cents": 170, "tax_cents": 10, "gross_cents": 180, "rates": rates}, "the sums")
    half = an_invoice(world)
    a_line(world, half, 1, 50, 5)
    found = (await world.get(f"/invoices/{half['id']}/totals")).expect(200)
    expect((found["tax_cents"], found["gross_cents"]), (3, 53), "half a cent")


@BEHAVIOURS("sumUpInvoice")
async def no_lines_no_sums(world: World) -> None:
    """Zeros, and 404 where there is no invoice."""
    found = (await world.get(f"/invoices/{an_invoice(world)['id']}/totals")).expect(200)
    expect(found, {"net_cents": 0, "tax_cents": 0, "gross_cents": 0, "rates": []}, "no lines")
    (await world.get(f"/invoices/{NOBODY}/totals")).expect(404)


@BEHAVIOURS("discountInvoice")
async def each_price_falls(world: World) -> None:
    """To the nearest cent; only those of this invoice."""
    invoice = an_invoice(world)
    lines = [a_line(world, invoice, quantity, cents) for quantity, cents in ((2, 25), (1, 1000), (3, 7))]
    other = a_line(world, an_invoice(world), 1, 100)
    found = (await world.post(f"/invoices/{invoice['id']}/discount", {"percent": 10})).expect(200)
    expect(found, {"lines": 3, "net_cents": 2 * 23 + 900 + 3 * 6}, "the answer")
    expect([world.row("invoice_lines", one["id"])["unit_cents"] for one in lines], [23, 900, 6], "the prices")
    expect(world.row("invoice_lines", other["id"])["unit_cents"], 100, "the price of another invoice")


@BEHAVIOURS("discountInvoice")
async def only_drafts_get_cheaper(world: World) -> None:
    """409 for all others, and nothing changes; a draft without lines is worth nothing."""
    for status in ("issued", "paid", "void"):
        invoice = an_invoice(world, status)
        line = a_line(world, invoice, 1, 100)
        (await world.post(f"/invoices/{invoice['id']}/discount", {"percent": 50})).expect(409)
        expect(world.row("invoice_lines", line["id"])["unit_cents"], 100, f"the price on a {status} one")
    found = (await world.post(f"/invoices/{an_invoice(world)['id']}/discount", {"percent": 50})).expect(200)
    expect(found, {"lines": 0, "net_cents": 0}, "no lines")
    (await world.post(f"/invoices/{NOBODY}/discount", {"percent": 50})).expect(404)


@BEHAVIOURS("copyInvoice")
async def a_copy_is_a_draft_with_the_same_lines(world: World) -> None:
    """Whatever the original was; which stays."""
    original = an_invoice(world, "paid", total_cents=700, reminders=2)
    for quantity, cents, percent in ((2, 100, 19), (5, 100, 7)):
        a_line(world, original, quantity, cents, percent)
    answered = (await world.post(f"/invoices/{original['id']}/copy")).expect(201)
    shown = {name: answered[name] for name in ("status", "number", "issued_on", "due_on", "total_cents", "reminders")}
    wanted = {"status": "draft", "number": None, "issued_on": None, "due_on": None, "total_cents": 0, "reminders": 0}
    expect(shown, wanted, "the answer")
    expect(answered["customer_id"], original["customer_id"], "the customer")
    expect(answered["id"] != str(original["id"]), True, "an id of its own")
    statement = (
        "SELECT description, quantity, unit_cents, tax_percent FROM invoice_lines WHERE invoice_id = %s ORDER BY 1"
    )
    lines = [world.rows(statement, id) for id in (original["id"], answered["id"])]
    expect((len(lines[0]), lines[1]), (2, lines[0]), "the lines of the original and of the copy")
    expect(world.row("invoices", original["id"]), original, "the original")


@BEHAVIOURS("copyInvoice")
async def a_draft_without_lines_can_be_copied(world: World) -> None:
    """It has none then either; 404 where there is nothing to copy."""
    answered = (await world.post(f"/invoices/{an_invoice(world)['id']}/copy")).expect(201)
    expect(world.row("invoices", answered["id"])["status"], "draft", "the copy")
    (await world.post(f"/invoices/{NOBODY}/copy")).expect(404)
    expect(len(world.rows("SELECT 1 FROM invoices")), 2, "the invoices")


@BEHAVIOURS("reportRevenue")
async def twelve_months(world: World) -> None:
    """Those of the year, issued or paid, by the day of issue."""
    for status, day, cents in (
        ("issued", date(2025, 1, 31), 100),
        ("paid", date(2025, 1, 1), 50),
        ("issued", date(2025, 12, 31), 7),
        ("void", date(2025, 2, 1), 1000),
        ("issued", date(2024, 1, 15), 2000),
        ("issued", date(2026, 1, 1), 4000),
    ):
        an_invoice(world, status, issued_on=day, total_cents=cents)
    an_invoice(world, total_cents=8000)
    months = [{"month": month, "invoices": 0, "total_cents": 0} for month in range(1, 13)]
    months[0] |= {"invoices": 2, "total_cents": 150}
    months[11] |= {"invoices": 1, "total_cents": 7}
    found = (await world.get("/reports/revenue", year=2025)).expect(200)
    expect(found, {"months": months, "year_cents": 157}, "the year")


@BEHAVIOURS("reportRevenue")
async def a_year_without_invoices(world: World) -> None:
    """Twelve zeros."""
    months = [{"month": month, "invoices": 0, "total_cents": 0} for month in range(1, 13)]
    expect((await world.get("/reports/revenue", year=2031)).expect(200), {"months": months, "year_cents": 0}, "nothing")


@BEHAVIOURS("issueInvoice")
async def a_draft_is_issued(world: World) -> None:
    """With number, dates and the gross total."""
    an_invoice(world, "void", number=41)
    invoice = an_invoice(world, customer=a_customer(world, payment_days=30))
    for quantity, cents, percent in ((1, 15, 19), (1, 15, 19), (1, 50, 5), (2, 100, 0)):
        a_line(world, invoice, quantity, cents, percent)
    answered = (await world.post(f"/invoices/{invoice['id']}/issue", {"issued_on": "2026-02-15"})).expect(200)
    names = ("status", "number", "issued_on", "due_on", "total_cents")
    wanted = ["issued", 42, "2026-02-15", "2026-03-17", 36 + 53 + 200]
    expect([answered[name] for name in names], wanted, "the answer")
    expect([world.row("invoices", invoice["id"])[name] for name in names], wanted, "what is stored")


@BEHAVIOURS("issueInvoice")
async def what_is_no_draft_or_empty_is_not_issued(world: World) -> None:
    """409, and nothing changes; the first number is 1."""
    empty = an_invoice(world)
    for invoice in (empty, an_invoice(world, "void", number=None)):
        if invoice is not empty:
            a_line(world, invoice, 1, 100)
        (await world.post(f"/invoices/{invoice['id']}/issue", {"issued_on": "2026-02-15"})).expect(409)
        expect(world.row("invoices", invoice["id"]), invoice, "what was not issued")
    (await world.post(f"/invoices/{NOBODY}/issue", {"issued_on": "2026-02-15"})).expect(404)
    a_line(world, empty, 1, 100)
    answered = (await world.post(f"/invoices/{empty['id']}/issue", {"issued_on": "2026-02-15"})).expect(200)
    expect(answered["number"], 1, "the first number")


@BEHAVIOURS("issueInvoice")
async def many_are_issued_at_once(world: World) -> None:
    """Each gets a number of its own, without gaps."""
    drafts = [an_invoice(world) for _ in range(5)]
    for draft in drafts:
        a_line(world, draft, 1, 100)
    calls = [("POST", f"/invoices/{draft['id']}/issue", {"issued_on": "2026-02-15"}) for draft in drafts]
    answers = await world.together(calls, lock="LOCK TABLE invoices IN SHARE ROW EXCLUSIVE MODE")
    expect([one.status for one in answers], [200] * 5, "all at once")
    numbers = [row["number"] for row in world.rows("SELECT number FROM invoices ORDER BY number")]
    expect(numbers, [1, 2, 3, 4, 5], "the numbers")


def payment(event_id: str, invoice: Row, amount_cents: int) -> dict[str, object]:
    """What the bank sends."""
    return {"event_id": event_id, "invoice_number": invoice["number"], "amount_cents": amount_cents}


@BEHAVIOURS("receivePayment")
async def payments_add_up(world: World) -> None:
    """Until the invoice is paid."""
    invoice = an_invoice(world, "issued", total_cents=500)
    for event, amount, left, status in (("e1", 200, 300, "issued"), ("e2", 300, 0, "paid")):
        answered = (await world.post("/webhooks/payments", payment(event, invoice, amount))).expect(200)
        expect(answered, {"status": "recorded", "invoice_id": invoice["id"], "open_cents": left}, f"payment {event}")
        expect(world.row("invoices", invoice["id"])["status"], status, f"the invoice after {event}")
    stored = world.rows("SELECT event_id, amount_cents FROM payments ORDER BY event_id")
    expect([list(row.values()) for row in stored], [["e1", 200], ["e2", 300]], "the payments")


@BEHAVIOURS("receivePayment")
async def the_same_event_again_stores_nothing(world: World) -> None:
    """Whatever it says, and whatever became of the invoice."""
    invoice = an_invoice(world, "issued", total_cents=500)
    body = payment("e1", invoice, 500)
    (await world.post("/webhooks/payments", body)).expect(200)
    for again in (body, {**body, "amount_cents": 1}, {**body, "invoice_number": 2_000_000_000}):
        answered = (await world.post("/webhooks/payments", again)).expect(200)
        expect(answered, {"status": "repeated", "invoice_id": invoice["id"], "open_cents": 0}, "the same event again")
    expect(len(world.rows("SELECT 1 FROM payments")), 1, "the payments")


@BEHAVIOURS("receivePayment")
async def what_does_not_fit_is_refused(world: World) -> None:
    """Too much, an invoice that is not issued, or none; nothing is stored."""
    invoice = an_invoice(world, "issued", total_cents=500)
    paid(world, invoice, 400)
    (await world.post("/webhooks/payments", payment("e1", invoice, 101))).expect(409)
    for status in ("paid", "void"):
        other = an_invoice(world, status, total_cents=500)
        (await world.post("/webhooks/payments", payment("e1", other, 1))).expect(409)
    (await world.post("/webhooks/payments", payment("e1", {"number": 2_000_000_000}, 1))).expect(404)
    expect(len(world.rows("SELECT 1 FROM payments")), 1, "the payments")


@BEHAVIOURS("receivePayment")
async def the_bank_calls_several_times_at_once(world: World) -> None:
    """One payment is stored, and everybody is answered."""
    invoice = an_invoice(world, "issued", total_cents=500)
    call = ("POST", "/webhooks/payments", payment("e1", invoice, 100))
    hold = "SELECT 1 FROM invoices WHERE id = %s FOR UPDATE"
    answers = [one.expect(200) for one in await world.together([call] * 5, lock=hold, values=[invoice["id"]])]
    expect(sorted(one["status"] for one in answers), ["recorded", *["repeated"] * 4], "the answers")
    expect({one["open_cents"] for one in answers} == {400}, True, "what is open is the same for all")
    expect(len(world.rows("SELECT 1 FROM payments")), 1, "the payments")


@BEHAVIOURS("reportOverdue")
async def who_owes_most_comes_first(world: World) -> None:
    """With what is open of their overdue invoices alone."""
    ann, bob, cid = (a_customer(world, name) for name in ("Ann", "Bob", "Cid"))
    begun = an_invoice(world, "issued", ann, total_cents=1000, due_on=date(2026, 4, 1))
    for amount in (100, 200):
        paid(world, begun, amount)
    an_invoice(world, "issued", ann, total_cents=50, due_on=date(2026, 3, 1))
    an_invoice(world, "issued", bob, total_cents=900, due_on=date(2026, 3, 9))
    an_invoice(world, "issued", cid, total_cents=750, due_on=date(2026, 3, 9))
    an_invoice(world, "issued", cid, total_cents=1, due_on=date(2026, 4, 10))
    found = (await world.get("/reports/overdue", day="2026-04-10")).expect(200)["items"]
    names = ("name", "invoices", "open_cents", "oldest_due_on")
    wanted = [("Bob", 1, 900, "2026-03-09"), ("Ann", 2, 750, "2026-03-01"), ("Cid", 1, 750, "2026-03-09")]
    expect([tuple(one[name] for name in names) for one in found], wanted, "who is late")
    expect(found[1]["customer_id"], ann["id"], "the id of a customer")


@BEHAVIOURS("reportOverdue")
async def others_are_not_late(world: World) -> None:
    """What is due that day, paid in full, or of another status."""
    an_invoice(world, "issued", total_cents=100, due_on=date(2026, 4, 10))
    for status in ("paid", "void"):
        an_invoice(world, status, total_cents=100, due_on=date(2026, 1, 1))
    paid(world, an_invoice(world, "issued", total_cents=100, due_on=date(2026, 1, 1)), 100)
    an_invoice(world)
    expect((await world.get("/reports/overdue", day="2026-04-10")).expect(200), {"items": []}, "nobody is late")
