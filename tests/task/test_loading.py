"""A good task loads, with absolute paths and defaults."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as some

from agent.errors import Problem, TaskError
from agent.task.loading import load_task, parse_task
from agent.task.model import ExistingRepository, NewFolder, slug, task_json_schema
from agent.task.template import template

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/task.yaml"))
GOOD = {"title": "Shop", "api": "openapi.yaml", "schema": "schema.sql"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("openapi.yaml", "schema.sql", "more.sql"):
        (tmp_path / name).write_text("-- content is read by others\n")
    return tmp_path


def written(folder: Path, data: Any, name: str = "task.yaml") -> Path:
    path = folder / name
    path.write_text(json.dumps(data) if name.endswith("json") else yaml.safe_dump(data))
    return path


@pytest.mark.parametrize("name", ["task.yaml", "task.json"])
def test_the_shortest_task(folder: Path, name: str) -> None:
    task = load_task(written(folder, GOOD, name))
    assert task.title == "Shop"
    assert task.stack == "python-fastapi"
    assert task.api == folder / "openapi.yaml"
    assert task.schema_files == (folder / "schema.sql",)
    assert task.schema_dsn is None
    assert task.workspace is None
    assert task.model == ()
    assert task.budget.usd is None
    assert task.folder == folder


def test_everything_said(folder: Path) -> None:
    more = {
        "description": "Sells things.",
        "stack": "typescript-express",
        "schema": ["schema.sql", "more.sql"],
        "acceptance": ["Nothing is sold twice.", "Nobody pays twice."],
        "workspace": {"folder": "../made"},
        "budget": {"usd": 2.5, "minutes": 20, "model_requests": 60},
        "model": "offline",
    }
    task = load_task(written(folder, GOOD | more))
    assert task.schema_files == (folder / "schema.sql", folder / "more.sql")
    assert task.acceptance == ("Nothing is sold twice.", "Nobody pays twice.")
    assert task.workspace == NewFolder.model_construct(folder=folder.parent / "made")
    assert task.budget.usd == Decimal("2.5")
    assert (task.budget.minutes, task.budget.model_requests, task.model) == (20, 60, ("offline",))


def test_free_text_is_one_note(folder: Path) -> None:
    assert parse_task(GOOD | {"acceptance": "One.\nTwo.\n"}, folder).acceptance == ("One.\nTwo.",)


def test_a_path_as_workspace_is_the_repository_there_or_the_folder_to_make(folder: Path) -> None:
    (folder / "shop" / ".git").mkdir(parents=True)
    assert parse_task(GOOD | {"workspace": "shop"}, folder).workspace == ExistingRepository.model_construct(
        repository=folder / "shop", base=None
    )
    assert parse_task(GOOD | {"workspace": "new"}, folder).workspace == NewFolder.model_construct(folder=folder / "new")
    with_base = parse_task(GOOD | {"workspace": {"repository": "shop", "base": "main"}}, folder).workspace
    assert isinstance(with_base, ExistingRepository)
    assert with_base.base == "main"


def test_the_api_may_stand_in_the_task(folder: Path) -> None:
    document = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {}}
    assert parse_task(GOOD | {"api": document}, folder).api == document


def test_keys_of_the_api_are_text_although_yaml_reads_numbers(folder: Path) -> None:
    answers = "{200: {description: ok}, default: {description: bad}}"
    written_out = f"title: T\nschema: schema.sql\napi:\n  paths: {{/x: {{get: {{responses: {answers}}}}}}}\n"
    (folder / "task.yaml").write_text(written_out)
    api = load_task(folder / "task.yaml").api
    assert isinstance(api, dict)
    assert list(api["paths"]["/x"]["get"]["responses"]) == ["200", "default"]


def test_a_document_that_contains_itself_is_refused(folder: Path) -> None:
    document: dict[str, Any] = {}
    document["x"] = document
    with pytest.raises(TaskError, match="^task: api: the document contains itself$"):
        parse_task(GOOD | {"api": document}, folder)


def test_a_database_may_stand_for_the_schema_and_its_password_stays_hidden(folder: Path) -> None:
    task = parse_task(GOOD | {"schema": "postgresql://reader:hunter2@host/shop"}, folder)
    assert task.schema_files == ()
    assert task.schema_dsn == "postgresql://reader:hunter2@host/shop"
    assert "hunter2" not in repr(task) + task.model_dump_json()


def test_words_of_older_yaml_and_days_stay_text(folder: Path) -> None:
    (folder / "task.yaml").write_text("title: yes\ndescription: 2024-01-01\napi: openapi.yaml\nschema: schema.sql\n")
    task = load_task(folder / "task.yaml")
    assert (task.title, task.description) == ("yes", "2024-01-01")


def test_a_mark_of_the_byte_order_does_no_harm(folder: Path) -> None:
    (folder / "task.yaml").write_bytes(b"\xef\xbb\xbf" + yaml.safe_dump(GOOD).encode())
    assert load_task(folder / "task.yaml").title == "Shop"


def test_what_is_loaded_can_be_written_down_and_loaded_again(folder: Path) -> None:
    task = parse_task(GOOD | {"workspace": "new", "budget": {"usd": 1}}, folder)
    written_down = task.model_dump(mode="json", by_alias=True)
    assert parse_task(written_down, Path("/")).model_dump(mode="json", by_alias=True) == written_down


def test_the_template_loads_once_its_files_exist(folder: Path) -> None:
    (folder / "task.yaml").write_text(template())
    assert load_task(folder / "task.yaml").title == "Orders service"


def test_every_line_of_the_template_that_is_switched_off_loads_when_switched_on(folder: Path) -> None:
    (folder / "shop" / ".git").mkdir(parents=True)
    body = template().replace("../shop", "shop").replace("tables.sql", "schema.sql").replace("indexes.sql", "more.sql")
    lines = [line for line in body.splitlines() if line.startswith("# ") and line[2:].split(":")[0] in KEYS_OFF]
    for line in lines:
        (folder / "task.yaml").write_text(yaml.safe_dump(GOOD | yaml.safe_load(_block(body, line))))
        load_task(folder / "task.yaml")
    assert len(lines) >= 6


KEYS_OFF = {"schema", "workspace", "budget", "model"}


def _block(body: str, first: str) -> str:
    """A switched-off line and the indented ones below it, switched on."""
    below = body[body.index(first) + len(first) + 1 :].splitlines()
    inner = [
        line[2:] for line in below[: next((i for i, line in enumerate(below) if not line.startswith("#   ")), None)]
    ]
    return "\n".join([first[2:], *inner])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_examples_load(path: Path) -> None:
    assert load_task(path).schema_files[0].is_file()


def test_the_json_schema_accepts_what_loads_and_describes_every_key() -> None:
    schema = task_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for path in EXAMPLES:
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)
    jsonschema.validate(yaml.safe_load(template()), schema)
    assert all("description" in one for one in schema["properties"].values())
    for bad in ({}, GOOD | {"titel": "x"}, GOOD | {"stack": "cobol"}, GOOD | {"budget": {"usd": -1}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Bookshop API", "bookshop-api"),
        ("  Café & Crème: déjà vu!  ", "cafe-creme-deja-vu"),
        ("../../etc/passwd", "etc-passwd"),
        ("図書館", "backend"),
        ("x" * 100, "x" * 48),
        ("a" * 47 + " b", "a" * 47),
    ],
)
def test_slugs(title: str, expected: str) -> None:
    assert slug(title) == expected


@given(some.text())
def test_every_slug_fits_a_branch_name(title: str) -> None:
    assert slug(title).strip("-") == slug(title) != ""
    assert set(slug(title)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


SCALARS = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20)
WORDS = some.sampled_from(["folder", "repository", "base", "usd", "minutes", "model_requests", "<folder>", "url"])
VALUES = some.recursive(
    SCALARS | some.sampled_from(["openapi.yaml", "schema.sql", "postgres://h/d", "python-fastapi", "~x", "/"]),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(WORDS | some.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
TASKS = some.fixed_dictionaries(
    {}, optional=dict.fromkeys((*task_json_schema()["properties"], "<file>", "database"), VALUES)
)


def loads_or_is_refused(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "openapi.yaml").touch()
        (folder / "schema.sql").touch()
        (folder / name).write_bytes(content)
        before = sorted(folder.rglob("*"))
        problems: tuple[Problem, ...] = ()
        try:
            load_task(folder / name)
        except TaskError as error:
            problems = error.problems
        assert all(str(folder / name) in problem.place for problem in problems)
        assert sorted(folder.rglob("*")) == before


@given(some.text() | some.text(alphabet="{}[]:-?&*!|>'\"%@`#~<0123456789.ex_ \n\ttitle", max_size=60))
@example("? ? a\n")
@example("<<: {<<: [{}]}")
@example("0o: 0x")
@example("=: =")
@example("title: !!int ''")
@example("-0: 1e999")
def test_any_text_loads_or_is_refused_with_a_task_error(text: str) -> None:
    loads_or_is_refused(text.encode("utf-8", "surrogatepass"), "task.yaml")
    loads_or_is_refused(text.encode("utf-8", "surrogatepass"), "task.json")


@given(some.binary(max_size=60))
def test_any_bytes_load_or_are_refused_with_a_task_error(content: bytes) -> None:
    loads_or_is_refused(content, "task.yaml")


@given(TASKS)
def test_any_data_loads_or_is_refused_with_a_task_error(data: dict[str, Any]) -> None:
    loads_or_is_refused(yaml.safe_dump(data).encode(), "task.yaml")
    loads_or_is_refused(json.dumps(data).encode(), "task.json")
