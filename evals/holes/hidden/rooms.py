"""How the operations of the rooms service behave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from evals.holes.world import NOBODY, Behaviours, World, expect

BEHAVIOURS = Behaviours()
NUMBERS = count(1)
HOLD_ROOM = "SELECT 1 FROM rooms WHERE id = %s FOR UPDATE"
Row = Mapping[str, Any]


def at(hour: float, day: int = 1) -> datetime:
    """A moment of a day in May."""
    return datetime(2026, 5, day, tzinfo=UTC) + timedelta(hours=hour)


def a_room(world: World, name: str = "", **changes: object) -> Row:
    """A room that nobody has booked."""
    return world.insert("rooms", **{"name": name or f"room {next(NUMBERS)}", "capacity": 10, **changes})


def timed(table: str, world: World, room: Row, start: float, end: float, **changes: object) -> Row:
    """A row from one hour to another."""
    values = {"title": f"meeting {next(NUMBERS)}", "attendees": 5, "starts_at": at(start), "ends_at": at(end)}
    return world.insert(table, **{"room_id": room["id"], **values, **changes})


def a_booking(world: World, room: Row, start: float, end: float, **changes: object) -> Row:
    """A booking from one hour to another."""
    return timed("bookings", world, room, start, end, **changes)


def moments(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Start and end of each, in UTC, as hours and minutes."""
    shown = [[datetime.fromisoformat(one[name]).astimezone(UTC) for name in ("starts_at", "ends_at")] for one in items]
    return [(f"{start:%H:%M}", f"{end:%H:%M}") for start, end in shown]


@BEHAVIOURS("confirmBooking")
async def what_is_held_is_confirmed(world: World) -> None:
    """As it is stored and answered; other bookings stay."""
    room = a_room(world)
    booking, other = a_booking(world, room, 9, 10), a_booking(world, room, 11, 12)
    answered = (await world.post(f"/bookings/{booking['id']}/confirm")).expect(200)
    expect((answered["id"], answered["status"]), (booking["id"], "confirmed"), "the answer")
    expect(world.row("bookings", booking["id"])["status"], "confirmed", "what is stored")
    expect(world.row("bookings", other["id"])["status"], "held", "another one")


@BEHAVIOURS("confirmBooking")
async def nothing_else_is_confirmed(world: World) -> None:
    """409 for what is confirmed or cancelled, 404 for what is not there."""
    for status in ("confirmed", "cancelled"):
        booking = a_booking(world, a_room(world), 9, 10, status=status)
        (await world.post(f"/bookings/{booking['id']}/confirm")).expect(409)
        expect(world.row("bookings", booking["id"])["status"], status, f"a {status} one")
    (await world.post(f"/bookings/{NOBODY}/confirm")).expect(404)


@BEHAVIOURS("closeRoom")
async def a_room_without_bookings_ahead_is_closed(world: World) -> None:
    """What is over, cancelled, or in another room does not matter."""
    room, other = a_room(world), a_room(world)
    now = datetime.now(UTC)
    a_booking(
        world, room, 0, 0, starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1), status="confirmed"
    )
    a_booking(world, room, 0, 0, starts_at=now, ends_at=now + timedelta(hours=2), status="cancelled")
    a_booking(world, other, 0, 0, starts_at=now, ends_at=now + timedelta(hours=2))
    answered = (await world.post(f"/rooms/{room['id']}/close")).expect(200)
    expect(answered["closed"], True, "the answer")
    expect([world.row("rooms", one["id"])["closed"] for one in (room, other)], [True, False], "the rooms")


@BEHAVIOURS("closeRoom")
async def a_booked_room_stays_open(world: World) -> None:
    """409 while somebody is in, or will be; and for what is closed already."""
    now = datetime.now(UTC)
    for status, start in (("held", now - timedelta(hours=1)), ("confirmed", now + timedelta(days=9))):
        room = a_room(world)
        a_booking(world, room, 0, 0, starts_at=start, ends_at=start + timedelta(hours=3), status=status)
        (await world.post(f"/rooms/{room['id']}/close")).expect(409)
        expect(world.row("rooms", room["id"])["closed"], False, f"a room with a {status} booking")
    (await world.post(f"/rooms/{a_room(world, closed=True)['id']}/close")).expect(409)
    (await world.post(f"/rooms/{NOBODY}/close")).expect(404)


@BEHAVIOURS("purgeBookings")
async def what_was_cancelled_and_is_over_goes(world: World) -> None:
    """By its end, which has to lie before the moment."""
    room = a_room(world)
    for start, end, status in ((1, 2, "cancelled"), (3, 5, "cancelled"), (7, 9, "cancelled"), (8, 10, "cancelled")):
        a_booking(world, room, start, end, status=status)
    for status in ("held", "confirmed"):
        a_booking(world, room, 1, 2, status=status)
    found = (await world.post("/purges", {"before": at(9).isoformat()})).expect(200)
    expect(found, {"removed": 2}, "the answer")
    left = world.rows("SELECT status FROM bookings ORDER BY status, starts_at")
    expect([row["status"] for row in left], ["cancelled", "cancelled", "confirmed", "held"], "what is left")


@BEHAVIOURS("purgeBookings")
async def there_may_be_nothing_to_remove(world: World) -> None:
    """Zero."""
    expect((await world.post("/purges", {"before": at(9).isoformat()})).expect(200), {"removed": 0}, "nothing")


@BEHAVIOURS("reportInUse")
async def who_is_in_at_the_moment(world: World) -> None:
    """The start belongs to it, the end does not; by the name of the room."""
    attic, barn, cave = (a_room(world, name) for name in ("attic", "barn", "cave"))
    a_booking(world, barn, 9, 11, title="long")
    a_booking(world, barn, 10, 12, title="just begun", status="confirmed")
    a_booking(world, attic, 8, 10, title="just over")
    a_booking(world, attic, 9, 12, title="first", status="confirmed")
    a_booking(world, cave, 9, 12, title="gone", status="cancelled")
    found = (await world.get("/reports/in-use", moment=at(10).isoformat())).expect(200)["items"]
    shown = [(one["name"], one["title"]) for one in found]
    expect(shown, [("attic", "first"), ("barn", "long"), ("barn", "just begun")], "who is in")
    expect(found[0]["room_id"], attic["id"], "the id of a room")


@BEHAVIOURS("reportInUse")
async def nobody_is_in(world: World) -> None:
    """No rows."""
    a_booking(world, a_room(world), 9, 10)
    expect((await world.get("/reports/in-use", moment=at(12).isoformat())).expect(200), {"items": []}, "nobody")


@BEHAVIOURS("extendBooking")
async def a_booking_may_last_until_the_next_one(world: World) -> None:
    """Right up to it; cancelled ones and those of other rooms are not in the way."""
    room = a_room(world)
    booking = a_booking(world, room, 9, 10)
    a_booking(world, room, 12, 13)
    a_booking(world, room, 10, 11, status="cancelled")
    a_booking(world, a_room(world), 10, 11)
    answered = (await world.post(f"/bookings/{booking['id']}/extend", {"minutes": 120})).expect(200)
    expect(moments([answered]), [("09:00", "12:00")], "the answer")
    expect(world.row("bookings", booking["id"])["ends_at"] == at(12), True, "it ends at noon as it is stored")
    (await world.post(f"/bookings/{booking['id']}/extend", {"minutes": 1})).expect(409)


@BEHAVIOURS("extendBooking")
async def what_is_cancelled_or_in_the_way_is_not_extended(world: World) -> None:
    """409, and nothing changes."""
    room = a_room(world)
    gone, booking = a_booking(world, room, 9, 10, status="cancelled"), a_booking(world, room, 14, 15)
    a_booking(world, room, 15.5, 15.75, status="confirmed")
    for one, minutes in ((gone, 10), (booking, 31), (booking, 600)):
        (await world.post(f"/bookings/{one['id']}/extend", {"minutes": minutes})).expect(409)
        expect(world.row("bookings", one["id"]), one, "what was not extended")
    (await world.post(f"/bookings/{NOBODY}/extend", {"minutes": 5})).expect(404)


@BEHAVIOURS("searchRooms")
async def the_smallest_that_is_free_comes_first(world: World) -> None:
    """Closed, small and booked ones are not found."""
    for name, capacity in (("beta", 20), ("alpha", 20), ("tiny", 4), ("hall", 100), ("snug", 6)):
        a_room(world, name, capacity=capacity)
    a_room(world, "closed", capacity=50, closed=True)
    taken = {name: a_room(world, name, capacity=30) for name in ("inside", "around", "before", "after", "off")}
    for name, start, end in (("inside", 10.5, 11), ("around", 8, 14), ("before", 9, 10.5), ("after", 11.5, 13)):
        a_booking(world, taken[name], start, end)
    a_booking(world, taken["off"], 10, 12, status="cancelled")
    a_booking(world, taken["off"], 9, 10)
    a_booking(world, taken["off"], 12, 13)
    query = {"starts_at": at(10).isoformat(), "ends_at": at(12).isoformat(), "attendees": 6}
    found = (await world.get("/search/rooms", **query)).expect(200)["items"]
    expect([one["name"] for one in found], ["snug", "alpha", "beta", "off", "hall"], "the rooms")


@BEHAVIOURS("searchRooms")
async def a_time_without_length_is_refused(world: World) -> None:
    """422 where it ends before it starts, or at once."""
    a_room(world)
    for end in (9, 10):
        query = {"starts_at": at(10).isoformat(), "ends_at": at(end).isoformat(), "attendees": 1}
        (await world.get("/search/rooms", **query)).expect(422)


@BEHAVIOURS("reportUtilisation")
async def only_what_lies_inside_counts(world: World) -> None:
    """In whole minutes, the room with the most first, among equals by name, all rooms included."""
    big, ann, abe, idle = (a_room(world, name) for name in ("big", "ann", "abe", "idle"))
    for start, end in ((7, 9), (9, 9.5), (11.75, 20), (6, 8), (12, 13)):
        a_booking(world, big, start, end, status="confirmed")
    for room in (ann, abe):
        a_booking(world, room, 10, 10.5, status="confirmed")
    a_booking(world, abe, 8, 9, status="held")
    a_booking(world, idle, 8, 9, status="cancelled")
    query = {"since": at(8).isoformat(), "until": at(12).isoformat()}
    found = (await world.get("/reports/utilisation", **query)).expect(200)["items"]
    wanted = [("big", 3, 105), ("abe", 1, 30), ("ann", 1, 30), ("idle", 0, 0)]
    expect([(one["name"], one["bookings"], one["minutes"]) for one in found], wanted, "the minutes")
    expect(found[0]["room_id"], big["id"], "the id of a room")


@BEHAVIOURS("reportUtilisation")
async def no_time_is_no_question(world: World) -> None:
    """422 where it ends before it starts."""
    for until in (7, 8):
        query = {"since": at(8).isoformat(), "until": at(until).isoformat()}
        (await world.get("/reports/utilisation", **query)).expect(422)


def booking(start: float, end: float, attendees: int = 5) -> dict[str, object]:
    """What is sent."""
    return {"title": "talk", "attendees": attendees, "starts_at": at(start).isoformat(), "ends_at": at(end).isoformat()}


@BEHAVIOURS("bookRoom")
async def a_free_room_is_booked(world: World) -> None:
    """Between two others, right up to them; what is cancelled or elsewhere is not in the way."""
    room = a_room(world, capacity=5)
    a_booking(world, room, 8, 10)
    a_booking(world, room, 12, 13, status="confirmed")
    a_booking(world, room, 10, 12, status="cancelled")
    a_booking(world, a_room(world), 10, 12)
    answered = (await world.post(f"/rooms/{room['id']}/book", booking(10, 12))).expect(201)
    names = ("room_id", "title", "attendees", "status")
    expect([answered[name] for name in names], [room["id"], "talk", 5, "held"], "the answer")
    stored = world.row("bookings", answered["id"])
    expect([stored[name] for name in names], [room["id"], "talk", 5, "held"], "what is stored")
    expect((stored["starts_at"], stored["ends_at"]) == (at(10), at(12)), True, "the times that are stored")


@BEHAVIOURS("bookRoom")
async def what_does_not_fit_is_not_booked(world: World) -> None:
    """Overlaps of every kind, too many people, a closed room, a time without length."""
    room, closed = a_room(world), a_room(world, closed=True)
    a_booking(world, room, 10, 12)
    for start, end in ((9, 11), (11, 13), (10.5, 11), (9, 13), (10, 12)):
        (await world.post(f"/rooms/{room['id']}/book", booking(start, end))).expect(409)
    (await world.post(f"/rooms/{room['id']}/book", booking(14, 15, attendees=11))).expect(409)
    (await world.post(f"/rooms/{closed['id']}/book", booking(14, 15))).expect(409)
    for end in (13, 14):
        (await world.post(f"/rooms/{room['id']}/book", booking(14, end))).expect(422)
    (await world.post(f"/rooms/{NOBODY}/book", booking(14, 15))).expect(404)
    expect(len(world.rows("SELECT 1 FROM bookings")), 1, "the bookings")


@BEHAVIOURS("bookRoom")
async def many_book_at_once(world: World) -> None:
    """One alone gets it."""
    room = a_room(world)
    calls = [("POST", f"/rooms/{room['id']}/book", booking(10 + number / 4, 12 + number / 4)) for number in range(5)]
    answers = await world.together(calls, lock=HOLD_ROOM, values=[room["id"]])
    expect(sorted(one.status for one in answers), [201, 409, 409, 409, 409], "who gets it")
    expect(len(world.rows("SELECT 1 FROM bookings")), 1, "the bookings")


@BEHAVIOURS("findGaps")
async def gaps_lie_between_bookings(world: World) -> None:
    """Also where bookings overlap, contain each other, or reach beyond the time."""
    room = a_room(world)
    for start, end in ((7, 8.5), (9, 12), (10, 11), (11.5, 12.5), (13, 13.25), (17, 19)):
        a_booking(world, room, start, end, status="confirmed")
    a_booking(world, room, 14, 15, status="cancelled")
    a_booking(world, a_room(world), 14, 15)
    query = {"since": at(8).isoformat(), "until": at(18).isoformat()}
    found = (await world.get(f"/rooms/{room['id']}/gaps", **query, minutes=30)).expect(200)["items"]
    wanted = [("08:30", "09:00"), ("12:30", "13:00"), ("13:15", "17:00")]
    expect(moments(found), wanted, "gaps of half an hour")
    found = (await world.get(f"/rooms/{room['id']}/gaps", **query, minutes=31)).expect(200)["items"]
    expect(moments(found), wanted[2:], "gaps of more than half an hour")


@BEHAVIOURS("findGaps")
async def a_room_may_be_free_or_full(world: World) -> None:
    """All of the time, or none of it; the last stretch counts too."""
    room, full = a_room(world), a_room(world)
    query = {"since": at(8).isoformat(), "until": at(18).isoformat(), "minutes": 600}
    found = (await world.get(f"/rooms/{room['id']}/gaps", **query)).expect(200)["items"]
    expect(moments(found), [("08:00", "18:00")], "a free room")
    a_booking(world, full, 6, 20)
    expect((await world.get(f"/rooms/{full['id']}/gaps", **query)).expect(200), {"items": []}, "a full room")
    a_booking(world, room, 8, 10)
    found = (await world.get(f"/rooms/{room['id']}/gaps", **{**query, "minutes": 1})).expect(200)["items"]
    expect(moments(found), [("10:00", "18:00")], "the rest of the day")
    (await world.get(f"/rooms/{NOBODY}/gaps", **query)).expect(404)
    (await world.get(f"/rooms/{room['id']}/gaps", **{**query, "until": at(8).isoformat()})).expect(422)


@BEHAVIOURS("cancelBooking")
async def the_first_who_fits_is_let_in(world: World) -> None:
    """One alone, with the title and the times of its own."""
    room, other = a_room(world), a_room(world)
    gone = a_booking(world, room, 9, 12, status="confirmed")
    a_booking(world, room, 12, 14)
    waiting = [
        timed("waiting_entries", world, where, start, end, created_at=at(number), title=title)
        for number, (where, start, end, title) in enumerate(
            ((other, 9, 10, "elsewhere"), (room, 10, 13, "too long"), (room, 10, 12, "fits"), (room, 9, 10, "later"))
        )
    ]
    timed("waiting_entries", world, room, 9, 12, created_at=at(40), title="last")
    found = (await world.post(f"/bookings/{gone['id']}/cancel")).expect(200)
    expect((found["cancelled"]["id"], found["cancelled"]["status"]), (gone["id"], "cancelled"), "what was cancelled")
    promoted = found["promoted"] or {}
    names = ("room_id", "title", "attendees", "status")
    expect([promoted.get(name) for name in names], [room["id"], "fits", 5, "held"], "who was let in")
    stored = world.row("bookings", promoted["id"])
    expect((stored["starts_at"], stored["ends_at"]) == (at(10), at(12)), True, "the times of who was let in")
    left = world.rows("SELECT id FROM waiting_entries WHERE created_at < %s ORDER BY created_at", at(40))
    expect([row["id"] for row in left], [waiting[number]["id"] for number in (0, 1, 3)], "who waits on")
    expect(len(world.rows("SELECT 1 FROM bookings")), 3, "the bookings")


@BEHAVIOURS("cancelBooking")
async def nobody_may_be_let_in(world: World) -> None:
    """Null, where nobody fits or waits; 409 the second time."""
    room = a_room(world)
    booking, _ = a_booking(world, room, 9, 10), a_booking(world, room, 10, 12)
    timed("waiting_entries", world, room, 9, 11)
    found = (await world.post(f"/bookings/{booking['id']}/cancel")).expect(200)
    expect(found["promoted"], None, "who was let in")
    expect(world.row("bookings", booking["id"])["status"], "cancelled", "what is stored")
    (await world.post(f"/bookings/{booking['id']}/cancel")).expect(409)
    (await world.post(f"/bookings/{NOBODY}/cancel")).expect(404)
    expect(len(world.rows("SELECT 1 FROM waiting_entries")), 1, "who waits")


@BEHAVIOURS("swapBookings")
async def rooms_are_exchanged(world: World) -> None:
    """Also at the same time; the times stay."""
    small, large = a_room(world, capacity=5), a_room(world, capacity=50)
    one, other = a_booking(world, small, 9, 11), a_booking(world, large, 10, 12, status="confirmed")
    a_booking(world, large, 9, 11, status="cancelled")
    a_booking(world, large, 12, 13)
    found = (await world.post(f"/bookings/{one['id']}/swap", {"other_id": other["id"]})).expect(200)
    shown = [(found[name]["id"], found[name]["room_id"]) for name in ("booking", "other")]
    expect(shown, [(one["id"], large["id"]), (other["id"], small["id"])], "the answer")
    for before, room in ((one, large), (other, small)):
        expect(world.row("bookings", before["id"]), {**before, "room_id": room["id"]}, "what is stored")


@BEHAVIOURS("swapBookings")
async def what_does_not_fit_is_not_exchanged(world: World) -> None:
    """Too many people, a third booking, one room, one booking, a cancelled one, or none."""
    small, large, third = a_room(world, capacity=4), a_room(world, capacity=50), a_room(world, capacity=50)
    crowd, few = a_booking(world, large, 9, 11, attendees=5), a_booking(world, small, 9, 11, attendees=2)
    late, gone = a_booking(world, large, 15, 16), a_booking(world, third, 9, 11, status="cancelled")
    blocked = a_booking(world, third, 9, 10)
    a_booking(world, third, 15.5, 17)
    for one, other, status in (
        (few["id"], crowd["id"], 409),
        (crowd["id"], few["id"], 409),
        (late["id"], blocked["id"], 409),
        (crowd["id"], late["id"], 409),
        (crowd["id"], crowd["id"], 409),
        (crowd["id"], gone["id"], 409),
        (gone["id"], crowd["id"], 409),
        (crowd["id"], NOBODY, 404),
        (NOBODY, crowd["id"], 404),
    ):
        (await world.post(f"/bookings/{one}/swap", {"other_id": other})).expect(status)
    for before in (crowd, few, late, gone, blocked):
        expect(world.row("bookings", before["id"]), before, "what was not exchanged")
