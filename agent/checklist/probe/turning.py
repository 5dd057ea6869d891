"""Whether pages together are the whole list, as large as was asked for, with true numbers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.binding.model import Meta
from agent.checklist.probe.alike import make_alike
from agent.checklist.probe.asked_list import FEW, AskedList, Thing, said
from agent.checklist.probe.asking import answered
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.store import Row

_SEEDED = 300
"""The most rows that are made to see a limit enforced."""
_WITHOUT_MAXIMUM = 1_000
"""Where the contract names no largest page: a page of more rows than that has none."""


async def judge_pages(one: AskedList) -> None:
    """Turn the pages, and read the numbers beside them."""
    if one.bound.paging is None or not one.bound.paging.page_parameter:
        return
    pages = await one.everything("filtering", size=FEW)
    if pages is None:
        return
    one.found.judged.append(one.bound.paging.page_parameter)
    problem = wrongly_turned(one, pages, one.things)
    if problem:
        request, _, _ = await one.ask(**{one.bound.paging.page_parameter: one.bound.paging.first})
        one.found.note("filtering", f"page after page of {FEW}: {problem}", request)
    await _totals(one)


def wrongly_turned(one: AskedList, pages: Sequence[Thing], whole: Sequence[Thing]) -> str:
    """What stands on two pages, or on none; empty when all is well."""
    turned = [one.name(thing) for thing in pages]
    twice = sorted({name for name in turned if turned.count(name) > 1})
    if twice:
        return f"{twice[0]} stands on two pages"
    missing = {one.name(thing) for thing in whole} - set(turned)
    return f"{len(missing)} rows stand on no page, such as {sorted(missing)[0]}" if missing else ""


async def _totals(one: AskedList) -> None:
    """The numbers beside the list."""
    paging = one.bound.paging
    assert paging is not None
    second = paging.first + 1 if paging.style == "page" else FEW
    query = {paging.page_parameter: second} | ({paging.limit_parameter: FEW} if paging.limit_parameter else {})
    request, reply, things = await one.ask(**query)
    if things is None:
        return
    expected = {Meta.TOTAL: len(one.things)}
    if paging.limit_parameter:
        expected |= {Meta.LIMIT: FEW, Meta.PAGES: -(-len(one.things) // FEW)}
        expected |= {Meta.NEXT: len(one.things) > 2 * FEW, Meta.PREVIOUS: True}
    expected |= {Meta.PAGE: second} if paging.style == "page" else {Meta.OFFSET: second}
    for path, meaning in one.bound.envelope.meta.items():
        got = answered(reply)
        for name in path:
            got = got.get(name) if isinstance(got, dict) else None
        one.found.numbered = one.found.numbered or meaning in expected
        if meaning in expected and got != expected[meaning]:
            where = ".".join(path)
            one.found.note(
                "envelope", f"{where} with {said(query)}: expected {expected[meaning]}, got {got!r}", request
            )


async def judge_sizes(one: AskedList, template: Row | None) -> None:
    """The default size of a page, and the largest that is honoured."""
    paging = one.bound.paging
    if paging is None or not paging.limit_parameter:
        return
    schema = next((p.schema for p in one.bound.operation.parameters if p.name == paging.limit_parameter), {})
    resolved = one.world.asker.contract.resolve(schema)
    default, maximum = resolved.get("default"), resolved.get("maximum")
    wanted = max(default if isinstance(default, int) else 0, maximum if isinstance(maximum, int) else _WITHOUT_MAXIMUM)
    make_alike(one.world, one.bound, template, min(wanted + 5, _SEEDED if maximum else _WITHOUT_MAXIMUM + 50))
    await _default_size(one, default if isinstance(default, int) else None, maximum)
    await _largest_size(one, maximum if isinstance(maximum, int) else None)


async def _default_size(one: AskedList, default: int | None, maximum: Any) -> None:
    request, reply, things = await one.ask()
    if things is None:
        one.found.note("paging", f"without a limit: expected a list, got {reply.status} {excerpt(reply)}", request)
        return
    most = default or (maximum if isinstance(maximum, int) else _WITHOUT_MAXIMUM)
    one.found.paged = True
    if len(things) > most:
        one.found.note("paging", f"without a limit: {len(things)} rows, expected {most} at most", request)


async def _largest_size(one: AskedList, maximum: int | None) -> None:
    """A page that is larger than the largest: refused, or cut."""
    paging = one.bound.paging
    assert paging is not None
    most = maximum or _WITHOUT_MAXIMUM
    for asked in (most + 1, most * 1000):
        request, reply, things = await one.ask(**{paging.limit_parameter: asked})
        told = f"{paging.limit_parameter}={asked}"
        if things is not None and len(things) > most:
            one.found.note("paging", f"{told}: {len(things)} rows, although {most} are the most", request)
            return
        if things is None and reply.status not in (400, 422):
            got = f"{reply.status} {excerpt(reply)}"
            one.found.note("paging", f"{told}: expected 400 or 422, or {most} rows at most, got {got}", request)
            return
