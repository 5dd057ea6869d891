"""One list as a caller meets it: asked page by page, its things told apart, and what was noticed about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from agent.binding.model import Bound
from agent.checklist.probe.asking import carried
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.requests import Request, plain
from agent.checklist.probe.store import Row
from agent.checklist.probe.values import to_json
from agent.checklist.probe.world import World
from agent.checklist.running import Reply

FEW = 3
"""Rows a page, when pages are turned."""
_MOST_PAGES = 60

Thing = Mapping[str, Any]


@dataclass(slots=True)
class Listed:
    """What was noticed about one list."""

    filtering: list[str] = field(default_factory=list)
    """Breaches of API-FILTER."""
    paging: list[str] = field(default_factory=list)
    """Breaches of API-PAGE."""
    envelope: list[str] = field(default_factory=list)
    """Breaches of API-ENVELOPE."""
    judged: list[str] = field(default_factory=list)
    """Parameters that could be judged."""
    paged: bool = False
    """The size of a page could be judged."""
    numbered: bool = False
    """Numbers beside the list could be judged."""
    unjudged: list[str] = field(default_factory=list)
    """Parameters that nobody knows the meaning of."""
    reproduce: dict[str, str] = field(default_factory=dict)

    def note(self, where: str, problem: str, request: Request) -> None:
        """Remember a breach, and the first request that shows one."""
        kept: list[str] = getattr(self, where)
        kept.append(problem)
        self.reproduce.setdefault(where, request.curl())


@dataclass(slots=True)
class AskedList:
    """One list, whoever may ask it, and all things in it."""

    world: World
    bound: Bound
    good: Request
    found: Listed
    things: list[Thing] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)

    async def ask(self, **query: Any) -> tuple[Request, Reply, list[Thing] | None]:
        """Ask with these parameters; None where no list came back."""
        request = replace(self.good, query={**self.good.query, **query})
        reply = await self.world.asker.send(request)
        things = carried(self.bound, reply) if 200 <= reply.status < 300 else None
        return request, reply, [one for one in things if isinstance(one, dict)] if isinstance(things, list) else None

    async def everything(
        self, where: str, query: Mapping[str, Any] = MappingProxyType({}), *, size: int | None = None
    ) -> list[Thing] | None:
        """All pages one after the other; None, and a note, when one of them is no list."""
        paging = self.bound.paging
        limit = size or (min(paging.maximum, 100) if paging else 0)
        if paging is None or not paging.page_parameter:
            wanted = {paging.limit_parameter: limit} if paging and paging.limit_parameter else {}
            return await self._page(where, {**query, **wanted})
        whole: list[Thing] = []
        for number in range(_MOST_PAGES):
            at = number + paging.first if paging.style == "page" else number * limit
            sizes = {paging.limit_parameter: limit} if paging.limit_parameter else {}
            page = await self._page(where, {**query, **sizes, paging.page_parameter: at})
            if page is None:
                return None
            whole += page
            if len(page) < (limit if paging.limit_parameter else 1):
                break
            if paging.style == "offset" and not paging.limit_parameter:
                break
        return whole

    def name(self, thing: Thing) -> str:
        """What tells one thing from the others."""
        table = self.world.catalog.table(self.bound.table)
        keys = table.primary_key if table else ()
        named = [one.property for one in self.bound.answer if one.column in keys and one.embedded is None]
        if named and len(named) == len(keys):
            return "/".join(plain(thing.get(name)) for name in named)
        return plain(dict(sorted(thing.items(), key=lambda item: item[0])))

    def value(self, thing: Thing, column: str) -> Any:
        """A column of the row behind a thing, as JSON; from the thing itself where the row is not known."""
        row = self.rows.get(self.name(thing))
        if row is not None and column in row.values:
            return to_json(row.values[column])
        known = next((one.property for one in self.bound.answer if one.column == column and one.embedded is None), "")
        return thing.get(known)

    async def _page(self, where: str, query: Mapping[str, Any]) -> list[Thing] | None:
        request, reply, things = await self.ask(**query)
        if things is None:
            self.found.note(where, f"{said(query)}: expected a list, got {reply.status} {excerpt(reply)}", request)
        return things


def said(query: Mapping[str, Any]) -> str:
    """The parameters of a request, as a person reads them."""
    return "&".join(f"{name}={plain(value)}" for name, value in query.items()) or "without parameters"
