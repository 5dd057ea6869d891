"""A service that declares REDIS_URL gets a Valkey of its own in the sandbox; no other gets one."""

from __future__ import annotations

from agent.checklist.databases import Databases
from tests.checklist.conftest import CaseOf
from tools.postgres.server import Database
from tools.sandbox.base import CommandResult

_ASKS = """
import os, socket
from urllib.parse import urlsplit
url = urlsplit(os.environ["REDIS_URL"])
connection = socket.socket(socket.AF_UNIX)
connection.connect(url.path)
for command in (f"AUTH {url.username} {url.password}", "INCR count", "CONFIG GET dir"):
    connection.sendall(command.encode() + b"\\r\\n")
    print(connection.recv(4096).decode().strip())
"""


async def test_it_is_empty_private_and_reached_by_its_socket(case_of: CaseOf, migrated: Database) -> None:
    case = case_of({"src/limits.py": 'import os\n\nURL = os.environ["REDIS_URL"]\n'})
    databases = Databases(case, ready=migrated)
    answers: list[CommandResult] = []
    for _ in range(2):
        async with databases.migrated() as opened:
            assert opened.access.redis_url
            environment = {"REDIS_URL": opened.access.redis_url}
            command = ("python", "-c", _ASKS)
            answers.append(await case.workspace.run(command, mounts=opened.access.mounts, environment=environment))
    for answer in answers:
        assert answer.ok, answer.output
        ready, count, refused = answer.stdout.splitlines()
        assert (ready, count) == ("+OK", ":1"), "each use begins with an empty one"
        assert refused.startswith("-NOPERM")


async def test_a_service_that_declares_nothing_gets_none(case_of: CaseOf, migrated: Database) -> None:
    declaring = [path for path, text in case_of({}).workspace.read().items() if "REDIS_URL" in text.upper()]
    async with Databases(case_of(dict.fromkeys(declaring)), ready=migrated).migrated() as opened:
        assert opened.access.redis_url is None
        assert len(opened.access.mounts.bound) == 1
