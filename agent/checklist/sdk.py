"""Typed clients: the one that the served document gives, and the ones that the front end is handed."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.checklist.case import Case, Owing
from agent.contract.compare import same_document
from agent.contract.loading import read_described
from agent.contract.model import Contract
from agent.errors import ContractError
from agent.receipts import Receipt
from agent.stacks.clients.deriving import client_of
from agent.stacks.clients.python import python_client
from agent.stacks.clients.typescript import typescript_client
from tools.scratch import scratch_folder

RULES: Mapping[str, str] = {
    "CON-SDK": "contract: a client generated from the served document, type-checked by mypy; answers without a type",
    "COL-FRONTEND": "contract: the TypeScript client of the handoff, compiled by tsc where there is one",
}

_TSC = ("--noEmit", "--strict", "--skipLibCheck", "--target", "ES2022", "--lib", "ES2022,DOM,DOM.Iterable")
_PATIENCE = 120.0
_RAN = "generate a typed client from the served document; mypy --strict"
_REPRODUCE = (
    'curl --unix-socket "$SOCKET" http://localhost:8000/openapi.json > openapi.json && '
    "agent client openapi.json --language python > client.py && mypy --strict client.py"
)


async def generated(case: Case, owing: Owing, served: Mapping[str, Any] | None) -> tuple[Receipt, ...]:
    """Whether the document that the service serves gives a client whose every answer has a type, and that compiles."""
    if served is None:
        return owing.judge("CON-SDK", ["the service serves no OpenAPI document"], ran=_RAN, reproduce=_REPRODUCE)
    started = time.monotonic()
    try:
        contract = case.contract if not same_document(case.contract.document, served) else read_described(served)
    except ContractError as error:
        return owing.judge("CON-SDK", [f"the document gives no client: {error}"], ran=_RAN, reproduce=_REPRODUCE)
    client = client_of(contract)
    problems = _untyped(case.contract, contract)
    report = await case.stack.check_client(case.workspace, python_client(client))
    problems += [f"mypy did not finish: {report.crashed}"] if report.crashed else []
    problems += [f"client.py:{one.line}: {one.code} {one.message}" for one in report.findings]
    return owing.judge(
        "CON-SDK",
        problems,
        ran=_RAN,
        found=f"{len(client.calls)} calls and {len(client.declarations)} types",
        reproduce=_REPRODUCE,
        seconds=time.monotonic() - started,
    )


async def handed_over(case: Case, owing: Owing) -> tuple[Receipt, ...]:
    """Whether the client that goes to the front end compiles; without a compiler that stays open, and is said."""
    tsc = shutil.which("tsc")
    if tsc is None:
        return owing.leave(
            "COL-FRONTEND",
            "client.ts is handed over and was not compiled: there is no tsc here (npm install -g typescript)",
        )
    started = time.monotonic()
    printed = await _compiled(tsc, typescript_client(client_of(case.contract)))
    return owing.judge(
        "COL-FRONTEND",
        printed.splitlines(),
        ran=f"tsc {' '.join(_TSC)} client.ts",
        found="client.ts compiles",
        reproduce=f"agent client openapi.json --language typescript > client.ts && tsc {' '.join(_TSC)} client.ts",
        seconds=time.monotonic() - started,
    )


def _untyped(supplied: Contract, served: Contract) -> list[str]:
    """Operations whose answer has a type in the supplied document, and none in the served one."""
    typed = {f"{one.method} {one.path}" for one in client_of(supplied).calls} - set(client_of(supplied).untyped)
    base = supplied.base_path
    lost = (one for one in client_of(served).untyped if one in typed or one.replace(f" {base}", " ", 1) in typed)
    return [f"the answer of {one} has no type" for one in lost]


async def _compiled(tsc: str, source: str) -> str:
    """What the compiler has to say; empty when all is well. It only reads: nothing of the source runs."""
    with scratch_folder("client") as folder:
        file = Path(folder, "client.ts")
        file.write_text(source, encoding="utf-8", errors="replace")
        process = await asyncio.create_subprocess_exec(
            *(tsc, *_TSC, str(file)),
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), _PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
            return f"tsc did not finish within {_PATIENCE:.0f} s"
        text = out.decode("utf-8", "replace").replace(f"{folder}/", "")
        return text if process.returncode else ""
