"""The stack python-fastapi: FastAPI on asyncpg, Alembic, ruff, mypy, pytest."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from agent.binding.model import Binding
from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.rulebook.model import StackName
from agent.stacks.base import (
    DatabaseAccess,
    Described,
    FileChange,
    Hole,
    Migrations,
    Scaffold,
    ServiceBroken,
    ServiceCommand,
    TestReport,
    ToolReport,
)
from agent.stacks.python_fastapi.history import alembic_config, migrations_of, revision_folders
from agent.stacks.python_fastapi.starting.application import (
    MODULES,
    find_application,
    holds_application,
    import_folder,
    said_of_service,
)
from agent.stacks.python_fastapi.starting.bridging import bridge, bridged
from agent.stacks.python_fastapi.starting.limits import declares, probing_settings
from agent.stacks.python_fastapi.starting.postgres import way_to_postgres
from agent.stacks.python_fastapi.starting.settings import key_settings, service_environment
from agent.stacks.python_fastapi.starting.valkey import way_to_valkey
from agent.workspace.model import Workspace
from tools import functions, mypy, pytest, ruff
from tools.files import Files
from tools.reports import Changes
from tools.sandbox.base import CommandResult, Limits, Mounts

_TOOLCHAIN = Path(__file__).parent / "toolchain"
_NO_DATABASE = DatabaseAccess("postgresql://nobody@localhost/nothing")
_DESCRIPTION_LIMITS = Limits(seconds=30, output_bytes=64 << 20)
_MIGRATION_LIMITS = Limits(seconds=120)
_PRINTED = 1_500
"""Characters, from the end, of what code printed that cannot be imported."""


class PythonFastapi:
    """Python 3.12 with FastAPI."""

    name: StackName = "python-fastapi"

    def toolchain_lock(self) -> Path:
        """Versions and hashes of everything that services run on and are checked with."""
        return _TOOLCHAIN / "requirements.lock"

    def scaffold(self, contract: Contract, catalog: Catalog, binding: Binding, title: str) -> Scaffold:
        """The whole service as text: code, contract, project files, migrations, tests."""
        from agent.stacks.python_fastapi.blueprint.formatting import formatted
        from agent.stacks.python_fastapi.blueprint.scaffold import scaffold_service
        from agent.stacks.python_fastapi.project.files import project_files

        source, holes = scaffold_service(contract, catalog, binding, title)
        project = formatted(project_files(contract, catalog, binding, title, source))
        return Scaffold(files=dict(sorted({**project, **source}.items())), holes=holes)

    def unkept(self, contract: Contract) -> tuple[str, ...]:
        """Keywords and parts of the contract that types and routes cannot say."""
        from agent.stacks.python_fastapi.blueprint.unkept import unkept

        return unkept(contract)

    def entries(self) -> Sequence[str]:
        """The modules that define `app` or `create_app`."""
        return MODULES

    def framework(self) -> str:
        """The class of applications."""
        return "FastAPI"

    def holds_service(self, files: Mapping[str, str]) -> bool:
        """Whether there is an application, anywhere in the code."""
        return holds_application(files)

    def open_holes(self, files: Mapping[str, str]) -> tuple[Hole, ...]:
        """The functions whose body still says that nobody has written it."""
        from agent.stacks.python_fastapi.blueprint.holes import open_holes

        return open_holes(files)

    def syntax_error(self, path: str, content: str) -> str | None:
        """Line and reason where a Python file cannot be parsed."""
        if not path.endswith(".py"):
            return None
        try:
            ast.parse(content)
        except SyntaxError as error:
            shown = f": {error.text.strip()}" if error.text else ""
            return f"line {error.lineno}, column {error.offset}: {error.msg}{shown}"
        except (ValueError, RecursionError, MemoryError) as error:
            return str(error) or type(error).__name__
        return None

    def replace_function(self, files: Files, name: str, source: str) -> FileChange:
        """A function of a module or of a class; decorators and the comment above it stay."""
        place = functions.find_function([entry.path for entry in files.walk() if entry.path.endswith(".py")], name)
        return FileChange(place.path, functions.replace_function(files.text(place.path), place, source))

    async def check_file(self, workspace: Workspace, path: str, *, seconds: float) -> ToolReport:
        """ruff and mypy side by side on one Python file; mypy reads what it kept of the others."""
        if not path.endswith(".py"):
            return ToolReport((), (), 0.0)
        run, root, cache = workspace.run, workspace.sandbox.inside(workspace.root), await self._types(workspace)
        limits = Limits(seconds=seconds, memory_bytes=2 << 30)
        reports = await asyncio.gather(
            ruff.lint(run, config=_TOOLCHAIN / "ruff.toml", paths=(path,), root=root, limits=limits),
            mypy.check_types(
                run,
                config=_TOOLCHAIN / "mypy.ini",
                cache=cache,
                root=workspace.root,
                paths=(path,),
                beside=import_folder(workspace.read()),
                limits=limits,
            ),
        )
        found = (one for report in reports for one in report.findings)
        return ToolReport(
            command=reports[1].command,
            findings=tuple(one for one in found if one.file == path and not one.repairable),
            seconds=max(report.seconds for report in reports),
            crashed="\n".join(filter(None, (report.crashed for report in reports))),
        )

    async def format(self, workspace: Workspace, paths: Sequence[str] = (".",)) -> ToolReport:
        """Apply the linter's safe repairs, the order of imports among them, and the formatter."""
        return await ruff.format_files(workspace.run, config=_TOOLCHAIN / "ruff.toml", paths=paths)

    async def lint(self, workspace: Workspace) -> ToolReport:
        """The linter's findings, and the files that the formatter would change."""
        config = _TOOLCHAIN / "ruff.toml"
        found = await ruff.lint(workspace.run, config=config)
        layout = await ruff.check_format(workspace.run, config=config)
        return ToolReport(
            command=found.command,
            findings=found.findings + layout.findings,
            seconds=found.seconds + layout.seconds,
            crashed="\n".join(filter(None, (found.crashed, layout.crashed))),
        )

    async def find_blocking_calls(self, workspace: Workspace) -> ToolReport:
        """What ruff knows to block: sleeping, files, processes, HTTP; in the service's own code."""
        return await ruff.lint(workspace.run, config=_TOOLCHAIN / "blocking.toml")

    async def check_types(self, workspace: Workspace) -> ToolReport:
        """mypy, strict, on the whole worktree; the next one starts from what this one leaves."""
        cache = await self._types(workspace)
        report = await mypy.check_types(
            workspace.run,
            config=_TOOLCHAIN / "mypy.ini",
            cache=cache,
            root=workspace.root,
            beside=import_folder(workspace.read()),
        )
        if not report.crashed and (before := _types_before(workspace)):
            await asyncio.to_thread(mypy.keep_cache, cache, before)
        return report

    async def check_client(self, workspace: Workspace, source: str) -> ToolReport:
        """mypy, strict; a client that was found good once is not checked again with the same toolchain."""
        config, file = _TOOLCHAIN / "mypy.ini", workspace.state / "client" / "client.py"
        digest = hashlib.sha256(b"\0".join((source.encode(errors="replace"), config.read_bytes()))).hexdigest()
        good = workspace.toolchain / f"client-{digest[:32]}"
        if good.exists():
            return ToolReport(("mypy", "client.py"), (), 0.0)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8", errors="replace")
        cache = await mypy.seeded_cache(
            workspace.run,
            toolchain=workspace.toolchain,
            config=config,
            seed=_TOOLCHAIN / "seed.py",
            cache=workspace.state / "mypy-client",
        )
        report = await mypy.check_types(
            workspace.run, config=config, cache=cache, root=file.parent, paths=(str(file),), outside=(file,)
        )
        if report.clean:
            good.touch()
        return report

    async def run_tests(
        self,
        workspace: Workspace,
        database: DatabaseAccess,
        only: tuple[str, ...] = (),
        *,
        order: int | None = None,
        changes: Changes | None = None,
    ) -> TestReport:
        """pytest on an empty database; the tests migrate it themselves."""
        files = workspace.read()
        return await pytest.run_tests(
            bridged(workspace.run, files, database),
            results=workspace.state / "tests",
            pytest_config=_TOOLCHAIN / "pytest.ini",
            coverage_config=_TOOLCHAIN / "coverage.ini",
            only=only,
            order=order,
            changes=changes,
            mounts=database.mounts,
            environment=service_environment(files, database),
        )

    async def migrate(
        self, workspace: Workspace, database: DatabaseAccess, target: Literal["up", "down"], revision: str = ""
    ) -> CommandResult:
        """Alembic up or down to a revision, the newest or none."""
        direction = ("upgrade", revision or "head") if target == "up" else ("downgrade", revision or "base")
        return await self._alembic(workspace, database, *direction)

    def migrates(self, workspace: Workspace) -> bool:
        """Whether there is an `alembic.ini`."""
        files = workspace.read()
        return alembic_config(files) in files

    async def migrations(self, workspace: Workspace) -> Migrations:
        """What `alembic history` prints, and the folders that `alembic.ini` names."""
        files = workspace.read()
        path = alembic_config(files)
        history = await self._alembic(workspace, _NO_DATABASE, "history")
        return migrations_of(history, revision_folders(path, files.get(path, "")))

    async def describe_service(self, workspace: Workspace) -> Described:
        """What the routes and types of the code say, as FastAPI writes it.

        The paths carry every prefix that the code gives them, such as `/api/v1`.
        """
        files = workspace.read()
        script = _TOOLCHAIN / "describe.py"
        target = find_application(files).target
        result = await workspace.run(
            ("python", "-B", str(script), target),
            mounts=Mounts(read_only=(script,)),
            environment=service_environment(files, _NO_DATABASE),
            limits=_DESCRIPTION_LIMITS,
            writable=False,
        )
        if not result.ok:
            why = result.output[-_PRINTED:] or f"importing the service ended by {result.ending}"
            raise ServiceBroken(why, f"python -c 'import {target.partition(':')[0]}'")
        said = json.loads(result.stdout)
        return Described(said["document"], tuple(said["served_at"]))

    def declares(self, workspace: Workspace, setting: str) -> bool:
        """Whether `.env.example` or the code has a word for it."""
        return declares(workspace.read(), setting)

    def wants_valkey(self, workspace: Workspace) -> bool:
        """By an address or by a host, whatever the settings are called."""
        return way_to_valkey(workspace.read()).wanted

    def service(self, workspace: Workspace, database: DatabaseAccess, listen: str) -> ServiceCommand:
        """One uvicorn worker on uvloop and httptools, listening on the unix socket `listen`."""
        files = workspace.read()
        application = find_application(files)
        factory = ("--factory",) if application.factory else ()
        server = ("--uds", listen, "--loop", "uvloop", "--http", "httptools", "--no-access-log")
        before, seen = bridge(files, database)
        return ServiceCommand(
            command=("python", "-B", "-m", "uvicorn", application.target, *factory, *server),
            environment={**service_environment(files, database), "FORWARDED_ALLOW_IPS": "*"},
            database_settings=way_to_postgres(files).leading,
            before=before,
            seen=seen,
            key_settings=key_settings(files),
            credentials=said_of_service(files).credentials,
        )

    def probing_settings(self, workspace: Workspace, times: int) -> Mapping[str, str]:
        """Those that `.env.example` documents."""
        return probing_settings(workspace.read(), times)

    def watched(self, command: ServiceCommand, folder: str) -> ServiceCommand:
        """`python -m MODULE ...` by way of `watched.py`."""
        script = _TOOLCHAIN / "watched.py"
        cut = command.command.index("-m")
        python, (module, *arguments) = command.command[:cut], command.command[cut + 1 :]
        watched = (*python, str(script), folder, module, *arguments)
        return replace(command, command=watched, seen=(*command.seen, script))

    async def _types(self, workspace: Workspace) -> Path:
        """The folder in which mypy keeps what it knows of a workspace."""
        return await mypy.seeded_cache(
            workspace.run,
            toolchain=workspace.toolchain,
            config=_TOOLCHAIN / "mypy.ini",
            seed=_TOOLCHAIN / "seed.py",
            cache=workspace.state / "mypy",
            before=_types_before(workspace),
        )

    async def _alembic(self, workspace: Workspace, database: DatabaseAccess, *arguments: str) -> CommandResult:
        files = workspace.read()
        return await bridged(workspace.run, files, database)(
            ("python", "-B", "-m", "alembic", "-c", alembic_config(files), *arguments),
            mounts=database.mounts,
            environment=service_environment(files, database),
            limits=_MIGRATION_LIMITS,
            writable=False,
        )


def _types_before(workspace: Workspace) -> Path | None:
    """Where checks of types leave what they know for the next one: beside the toolchain, out of every sandbox's reach.

    None without a sandbox, because code under test could write there.
    """
    toolchain = workspace.toolchain
    return None if workspace.sandbox.kind == "none" else toolchain.with_name(f"{toolchain.name}-types")
