"""What every probe of the gate headers works with."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.binding.model import Bound
from agent.checklist.case import Case, Owing
from agent.checklist.pasting import NOT_APPLICABLE as NOT_APPLICABLE
from agent.checklist.probe.accounts import Caller
from agent.checklist.probe.exchange import subject_table
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import Need, World
from agent.checklist.record import Record
from agent.checklist.running import ORIGIN, Reply, Running
from agent.receipts import Receipt


@dataclass(slots=True)
class Round:
    """One running service, the made-up world behind it, and everything that was asked before."""

    case: Case
    owing: Owing
    world: World
    service: Running
    record: Record
    seed: int
    callers: list[Caller] = field(default_factory=list)
    """Everybody whose password the service was told in this round."""

    def judge(
        self,
        rule: str,
        problems: list[str],
        *,
        ran: str,
        found: str = "",
        reproduce: str,
        subject: str | None = None,
        seconds: float = 0.0,
    ) -> tuple[Receipt, ...]:
        """Failed or met, with the seed that makes the same values again."""
        said = f"{ran} (seed {self.seed})"
        return self.owing.judge(
            rule, problems, subject=subject, ran=said, found=found, reproduce=reproduce, seconds=seconds
        )

    async def caller(self, name: str) -> Caller | None:
        """A logged-in user of that name. Raises `NoCredentials`."""
        caller = await self.world.users.caller(name)
        if caller is not None and caller not in self.callers:
            self.callers.append(caller)
        return caller

    async def request(self, bound: Bound, caller: Caller | None, *, fresh: bool = False) -> tuple[Request, Need]:
        """A request that the caller may send, to a row of theirs. Raises `NoRow` and `NoCredentials`."""
        need = Need(caller, fresh=fresh)
        table = subject_table(self.world, bound)
        if table is not None:
            try:
                need = Need(caller, await self.world.row(table, caller, fresh=fresh), fresh=fresh)
            except NoRow:
                if bound.operation.method != "get":
                    raise
        return await self.world.request(bound, need), need

    def login(self, caller: Caller) -> Request:
        """The request with which this user logs in. Only where the contract has such an operation."""
        accounts = self.world.binding.accounts
        assert accounts is not None
        assert accounts.login is not None
        bound = self.world.binding.bound(accounts.login)
        body = self.world.users.login_body(bound, caller)
        request = self.world.asker.request(bound.operation, caller=None, path_values={}, body=body)
        return replace(request, secrets=caller.secrets)

    async def send(self, request: Request, headers: dict[str, str] | None = None) -> Reply:
        """Send it, with these headers in place of its credentials where they are given."""
        return await self.world.asker.send(request if headers is None else replace(request, credentials=headers))


def sequence(*steps: str) -> str:
    """Several requests to paste, one a line."""
    return "\n".join(step for step in steps if step)


def curl(method: str, target: str, headers: Iterable[str] = ()) -> str:
    """A line to paste for a request that no operation describes."""
    sent = "".join(f" -H {shlex.quote(header)}" for header in headers)
    return f'curl -i --unix-socket "$SOCKET" -X {method}{sent} {shlex.quote(ORIGIN + target)}'
