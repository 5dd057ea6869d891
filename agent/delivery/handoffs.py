"""What goes to the other agents: the contract and its clients to the front end, what the tests reach to QA."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agent.contract.model import Contract
from agent.delivery.model import Delivery
from agent.delivery.written import Written
from agent.receipts import Outcome, TestedOperation, UncoveredFile
from agent.stacks.clients.deriving import client_of
from agent.stacks.clients.python import python_client
from agent.stacks.clients.typescript import typescript_client

FOLDER = "handoffs"
_FRONTEND, _QA = "frontend-developer", "qa-agent"


class _Published(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Frontend(_Published):
    """For the agent frontend-developer; the files lie beside it."""

    title: str
    """The API's title."""
    version: str
    """The API's version."""
    base_path: str
    """Below the service's address: `/api/v1`, or empty."""
    contract: str = "openapi.json"
    """The API document, in one file."""
    typescript: str = "client.ts"
    """A client on `fetch`."""
    python: str = "client.py"
    """A client on httpx, for scripts and tests."""
    checked: dict[str, str]
    """What was found about clients: obligation → outcome and reason."""
    branch: str | None
    """The branch with the service."""
    sentence: str
    """How far the service is."""


class Quality(_Published):
    """For the agent qa-agent."""

    title: str
    """The task's title."""
    branch: str | None
    """The branch with the service and its tests."""
    sentence: str
    """How far the service is."""
    coverage_percent: float | None
    """Lines and branches together; null where it was not measured."""
    operations: tuple[TestedOperation, ...]
    """What passing tests did with each operation."""
    untested: tuple[str, ...]
    """Operations that no passing test reaches."""
    uncovered: tuple[UncoveredFile, ...]
    """Lines that no test executes."""
    not_met: tuple[str, ...]
    """Obligations that failed."""
    unchecked: tuple[str, ...]
    """Rules that no check settles: nothing is known about them."""
    to_try: tuple[Written, ...]
    """What a model wrote: its `unseen` sentences are what tests of another hand have to try."""


def write_handoffs(folder: Path, delivery: Delivery, contract: Contract) -> Path:
    """Write both handoffs below `folder`; older ones are replaced. The folder of all handoffs."""
    target = folder / FOLDER
    client = client_of(contract)
    files = {
        f"{_FRONTEND}/handoff.json": _frontend(delivery, contract).model_dump_json(indent=2),
        f"{_FRONTEND}/openapi.json": json.dumps(contract.document, ensure_ascii=False, indent=2),
        f"{_FRONTEND}/client.ts": typescript_client(client),
        f"{_FRONTEND}/client.py": python_client(client),
        f"{_QA}/handoff.json": quality(delivery).model_dump_json(indent=2),
    }
    for name, content in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(f"{content.rstrip()}\n", encoding="utf-8", errors="replace")
    return target


def quality(delivery: Delivery) -> Quality:
    """What QA needs to know of a delivery."""
    measures = delivery.measures
    return Quality(
        title=delivery.title,
        branch=delivery.branch,
        sentence=delivery.sentence,
        coverage_percent=measures.coverage_percent,
        operations=measures.tested,
        untested=tuple(one.operation for one in measures.tested if not one.requests),
        uncovered=measures.uncovered,
        not_met=tuple(one.obligation.id for one in delivery.receipts if one.outcome is Outcome.FAILED),
        unchecked=delivery.unchecked,
        to_try=delivery.written,
    )


def _frontend(delivery: Delivery, contract: Contract) -> Frontend:
    about = [one for one in delivery.receipts if one.rule in ("CON-SDK", "COL-FRONTEND")]
    return Frontend(
        title=contract.title,
        version=contract.version,
        base_path=contract.base_path,
        checked={one.obligation.id: f"{one.outcome}: {one.found or one.ran}" for one in about},
        branch=delivery.branch,
        sentence=delivery.sentence,
    )
