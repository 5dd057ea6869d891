"""What a coordinator hands over, as a model that checks itself."""

from __future__ import annotations

import json
import re
import stat
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    SecretStr,
    StringConstraints,
    Tag,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from agent.stack_name import StackName

PLAIN_LINE = r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*$"
PACKAGE_NAME = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
WITHOUT_NUL = r"^[^\x00]*$"
Prose = Annotated[str, StringConstraints(pattern=WITHOUT_NUL)]
Text = Annotated[Prose, StringConstraints(strip_whitespace=True, min_length=1)]
Line = Annotated[Text, StringConstraints(max_length=200, pattern=PLAIN_LINE)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def task_folder(info: ValidationInfo) -> Path:
    """The folder that the task's paths are relative to."""
    return Path((info.context or {}).get("folder", ".")).resolve()


def _absolute(path: Path, info: ValidationInfo) -> Path:
    if "\0" in str(path):
        raise ValueError("a path has no NUL character")
    try:
        return (task_folder(info) / path.expanduser()).resolve()
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{str(path)!r} is no usable path: {error}") from error


def _no_address(value: Any) -> Any:
    if isinstance(value, str) and re.match(r"[a-z][a-z0-9+.-]+://", value, re.IGNORECASE):
        raise ValueError(f"{value!r} is an address; save the document and give the file's path")
    return value


def _mode(path: Path) -> int:
    """What stands there, as `stat` says; 0 for nothing."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise ValueError(f"{str(path)[:80]!r} cannot be read: {error.strerror}") from None


def _file(path: Path, info: ValidationInfo) -> Path:
    absolute = _absolute(path, info)
    mode = _mode(absolute)
    if not mode:
        raise ValueError(f"there is no file {str(path)!r} (looked for {absolute})")
    if not stat.S_ISREG(mode):
        raise ValueError(f"{str(path)!r} is {'a folder' if stat.S_ISDIR(mode) else 'no regular file'}; expected a file")
    return absolute


def _new_folder(path: Path, info: ValidationInfo) -> Path:
    absolute = _absolute(path, info)
    if _mode(absolute) and not stat.S_ISDIR(_mode(absolute)):
        raise ValueError(f"{str(path)!r} is a file; expected a folder that is not there yet")
    return absolute


def _repository(path: Path, info: ValidationInfo) -> Path:
    absolute = _absolute(path, info)
    if not _mode(absolute / ".git"):
        raise ValueError(f"{str(path)!r} is no git repository (looked for {absolute / '.git'})")
    return absolute


File = Annotated[Path, AfterValidator(_file), BeforeValidator(_no_address)]


class NewFolder(_Strict):
    """A repository of its own in a folder that is made for it."""

    folder: Annotated[Path, AfterValidator(_new_folder)]
    """The folder to make."""


class ExistingRepository(_Strict):
    """A new branch in a git repository that exists."""

    repository: Annotated[Path, AfterValidator(_repository)]
    """Its folder. Only the new branch is added; what is checked out there stays as it is."""
    base: Line | None = None
    """Branch, tag or commit to start from; left out: what is checked out."""


class DatabaseUrl(_Strict):
    """A PostgreSQL database that is only read."""

    url: SecretStr
    """`postgresql://user@host:5432/name`."""


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number", "expected a number, not {given}", {"given": str(value).lower()})
    return value


Number = BeforeValidator(_no_boolean)


class Budget(_Strict):
    """What the run may use up. It ends there, and delivers what is proven by then."""

    usd: Annotated[Decimal, Field(ge=0, allow_inf_nan=False), Number] | None = None
    """Money for the model, in US dollars."""
    minutes: Annotated[float, Field(gt=0, allow_inf_nan=False), Number] | None = None
    """Wall time."""
    model_requests: Annotated[int, Field(ge=0), Number] | None = None
    """Requests to the model."""
    tokens: Annotated[int, Field(ge=0), Number] | None = None
    """Tokens that the model reads and writes, all requests together: the limit for a model without a known price."""


def _api_kind(value: Any) -> str | None:
    if isinstance(value, str | Path):
        return "<file>"
    return "<inline>" if isinstance(value, dict) else None


def _as_json(document: dict[Any, Any]) -> dict[str, Any]:
    """Keys as JSON spells them: YAML reads `200:` as a number."""
    try:
        return {_key(key): _json_value(value) for key, value in document.items()}
    except RecursionError:
        raise ValueError("the document contains itself") from None


def _json_value(value: Any) -> Any:
    match value:
        case dict():
            return {_key(key): _json_value(inner) for key, inner in value.items()}
        case list():
            return [_json_value(inner) for inner in value]
        case _:
            return value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=str)


def _schema(value: Any) -> Any:
    """One file is a list of one; an address is a database."""
    match value:
        case str() if re.match(r"postgres(ql)?://", value):
            return {"url": value}
        case str() | Path():
            return (value,)
        case _:
            return value


def _schema_kind(value: Any) -> str | None:
    match value:
        case list() | tuple():
            return "<files>"
        case DatabaseUrl() | {"url": _}:
            return "<database>"
        case _:
            return None


def _different(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    twice = next((path for index, path in enumerate(paths) if path in paths[:index]), None)
    if twice:
        raise ValueError(f"{twice.name!r} is named twice")
    return paths


def _workspace(value: Any, info: ValidationInfo) -> Any:
    """A bare path means the repository there, or the folder to make."""
    match value:
        case str() | Path():
            there = _mode(_absolute(Path(value), info) / ".git")
            return {"repository": value} if there else {"folder": value}
        case _:
            return value


def _workspace_kind(value: Any) -> str | None:
    match value:
        case NewFolder() | {"folder": _}:
            return "<folder>"
        case ExistingRepository() | {"repository": _}:
            return "<repository>"
        case _:
            return None


def _items(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _expected(kinds: Callable[[Any], str | None], what: str) -> Discriminator:
    return Discriminator(kinds, custom_error_type="kind", custom_error_message=f"expected {what}")


Api = Annotated[
    Annotated[File, Tag("<file>")]
    | Annotated[dict[Any, Any], Field(min_length=1), AfterValidator(_as_json), Tag("<inline>")],
    _expected(_api_kind, "the path of an OpenAPI document, or the document itself"),
]
Database = Annotated[
    Annotated[tuple[File, ...], Field(min_length=1), AfterValidator(_different), Tag("<files>")]
    | Annotated[DatabaseUrl, Tag("<database>")],
    _expected(_schema_kind, "the path of an .sql file, a list of such paths, or a postgresql:// address"),
    BeforeValidator(_schema, json_schema_input_type=str | list[str]),
]
Workspace = Annotated[
    Annotated[NewFolder, Tag("<folder>")] | Annotated[ExistingRepository, Tag("<repository>")],
    _expected(_workspace_kind, "a path, {folder: PATH}, or {repository: PATH, base: BRANCH}"),
    BeforeValidator(_workspace, json_schema_input_type=str | NewFolder | ExistingRepository),
]
Models = Annotated[tuple[Line, ...], BeforeValidator(_items, json_schema_input_type=str | list[str])]
Packages = Annotated[
    tuple[Annotated[Text, StringConstraints(pattern=PACKAGE_NAME)], ...],
    BeforeValidator(_items, json_schema_input_type=str | list[str]),
]
Notes = Annotated[tuple[Text, ...], BeforeValidator(_items, json_schema_input_type=str | list[str])]


class Task(_Strict):
    """What a coordinator hands over. Paths are absolute once it is loaded."""

    title: Line
    """What is built, in a few words; names the branch."""
    description: Prose = ""
    """What it is for, for whoever writes the code."""
    stack: StackName = "python-fastapi"
    """The technology stack."""
    api: Api
    """Path of the OpenAPI 3.0 or 3.1 document (YAML or JSON), or the document itself."""
    database: Database | None = Field(None, alias="schema")
    """Path of the SQL schema, a list of paths that are run in order, or a `postgresql://` address that is only read.
    Left out: a schema is proposed from the API document, and written as `schema.sql` beside the code."""
    acceptance: Notes = ()
    """What must be true of the result beyond contract and schema: free text, or a list of statements."""
    packages: Packages = ()
    """Names of packages that the service may use without a question, beside those that are allowed for every task."""
    workspace: Workspace | None = None
    """Where the work goes: the path of a new folder or of a git repository. Left out: a folder of the run's own."""
    budget: Budget = Budget()
    """What the run may use up."""
    model: Models = ()
    """The model that writes what cannot be derived, as `provider:name`, or `offline`; of a list the next one takes over
    when one makes no progress."""

    _folder: Path = PrivateAttr(default_factory=Path)

    def model_post_init(self, context: Any, /) -> None:
        """Keep the folder that relative references of an inline document are read from."""
        self._folder = Path((context or {}).get("folder", ".")).resolve()

    @property
    def folder(self) -> Path:
        """The folder of the task file: relative references of an inline API document start here."""
        return self._folder

    @property
    def schema_files(self) -> tuple[Path, ...]:
        """The SQL files in order; empty when the schema is read from a database, or to be proposed."""
        return () if isinstance(self.database, DatabaseUrl) else self.database or ()

    @property
    def schema_dsn(self) -> str | None:
        """The address of the database to read the schema from, None when there is none. May hold a password."""
        return self.database.url.get_secret_value() if isinstance(self.database, DatabaseUrl) else None

    @property
    def slug(self) -> str:
        """The title as a part of branch and folder names."""
        return slug(self.title)


def slug(title: str) -> str:
    """Lower-case ASCII letters and digits joined by hyphens, 48 characters at most; `backend` when none are left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:48].strip("-") or "backend"


def task_json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a task file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Task.model_json_schema(by_alias=True)}
