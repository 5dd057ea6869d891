"""What is wrong with a task is said in one error, each problem with its line, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import ExitCode, TaskError
from agent.task.loading import load_task, parse_task

GOOD = "title: Shop\napi: openapi.yaml\nschema: schema.sql\n"
KEYS = "title, description, stack, api, schema, acceptance, packages, workspace, budget, model"
STACKS = "python-fastapi, typescript-fastify, typescript-express"


@pytest.fixture(autouse=True)
def beside_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with what a good task names; nothing may be added to it."""
    (tmp_path / "openapi.yaml").write_text("openapi: 3.1.0\n")
    (tmp_path / "schema.sql").write_text("create table books (id uuid primary key);\n")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    left = {path.name for path in tmp_path.rglob("*")} - {"task.yaml", "task.json"}
    assert left == {"openapi.yaml", "schema.sql", "folder"}


def said(content: str | bytes, name: str = "task.yaml") -> list[str]:
    """What loading this content says, a line a problem."""
    path = Path(name)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(TaskError) as raised:
        load_task(path)
    assert raised.value.exit_code is ExitCode.BAD_INPUT
    return str(raised.value).replace(str(Path.cwd()), "HERE").splitlines()


ALIASES = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(9)]
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "task.yaml: the file is empty; `agent init` writes one to start from"),
        ("# only a comment\n", "task.yaml: says nothing; `agent init` writes one to start from"),
        ("- title\n", "task.yaml: expected a mapping with title, api and schema, not a list"),
        ("a sentence\n", "task.yaml: expected a mapping with title, api and schema, not 'a sentence'"),
        ("null\n", "task.yaml: expected a mapping with title, api and schema, not nothing"),
        ("title: [a\napi: b\n", "task.yaml:2: is no YAML: did not find expected ',' or ']' (column 4)"),
        (
            "title: Shop\nbudget:\n\tusd: 5\n",
            "task.yaml:3: is no YAML: found character that cannot start any token (column 1)"
            "; indent with spaces, not with tabs",
        ),
        (GOOD + "title: Again\n", "task.yaml:4: the key 'title' stands here again, first in line 1"),
        (GOOD + "budget:\n  usd: 1\n  usd: 2\n", "task.yaml:6: the key 'usd' stands here again, first in line 5"),
        (GOOD + "---\ntitle: Second\n", "task.yaml:4: is no YAML: but found another document (column 1)"),
        (ALIASES, "task.yaml: its aliases stand for more than 1,000,000 values"),
        ("a: &a [*a]\n", "task.yaml: its aliases stand for more than 1,000,000 values"),
        ("title: " + "[" * 5000, "task.yaml:1: is nested deeper than 100 levels"),
        ("title: *nobody\n", "task.yaml:1: is no YAML: found undefined alias (column 8)"),
        (
            "title: !!python/object/apply:os.system [ls]\n",
            "task.yaml:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system' has no meaning in a task",
        ),
        ("title: Shöp\napi: \x01\n", "task.yaml:2: is no YAML: control characters are not allowed"),
        (GOOD + f"budget: {{usd: {'9' * 5000}}}\n", "task.yaml: holds a number of too many digits"),
        (b"title: caf\xe9\n", "task.yaml:1: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("title: Shop".encode("utf-16"), "task.yaml:1: byte 0xff is not UTF-8; save the file as UTF-8"),
        (
            GOOD + "stack: python\n",
            f"task.yaml:4: stack: 'python' is no stack; expected one of {STACKS}; did you mean 'python-fastapi'?",
        ),
        (GOOD + "stack: cobol\n", f"task.yaml:4: stack: 'cobol' is no stack; expected one of {STACKS}"),
        (GOOD + "titel: Shop\n", f"task.yaml:4: titel: there is no such key; expected {KEYS}; did you mean 'title'?"),
        (GOOD + "database: x.sql\n", f"task.yaml:4: database: there is no such key; expected {KEYS}"),
        (GOOD.replace("Shop", "''"), "task.yaml:1: title: is empty"),
        (GOOD.replace("Shop", "'" + "x" * 201 + "'"), "task.yaml:1: title: is longer than 200 characters"),
        (
            GOOD.replace("Shop", "|\n  two\n  lines"),
            "task.yaml:1: title: expected a single line without control characters, not 'two\\nlines\\n'",
        ),
        (
            GOOD.replace("Shop", r'"A \x07 bell"'),
            "task.yaml:1: title: expected a single line without control characters, not 'A \\x07 bell'",
        ),
        (
            f'{GOOD}description: "a \\0"\n',
            "task.yaml:4: description: expected text without NUL characters, not 'a \\x00'",
        ),
        (
            f"{GOOD}packages: [boto3, httpx==0.27]\n",
            "task.yaml:4: packages[1]: expected the name of a package, without version or address, not 'httpx==0.27'",
        ),
        (GOOD.replace("Shop", "2024"), "task.yaml:1: title: expected text, not 2024"),
        (GOOD.replace("openapi.yaml", "folder"), "task.yaml:2: api: 'folder' is a folder; expected a file"),
        (
            GOOD.replace("openapi.yaml", "https://example.org/a.yaml"),
            "task.yaml:2: api: 'https://example.org/a.yaml' is an address; save the document and give the file's path",
        ),
        (GOOD.replace("openapi.yaml", '"a\\0b"'), "task.yaml:2: api: a path has no NUL character"),
        (GOOD.replace("openapi.yaml", "{}"), "task.yaml:2: api: is empty"),
        (
            GOOD.replace("openapi.yaml", "7"),
            "task.yaml:2: api: expected the path of an OpenAPI document, or the document itself, not 7",
        ),
        (
            GOOD.replace("schema.sql", "tables.sql"),
            "task.yaml:3: schema: there is no file 'tables.sql' (looked for HERE/tables.sql)",
        ),
        (GOOD.replace("schema.sql", "[]"), "task.yaml:3: schema: is empty"),
        (GOOD.replace("schema.sql", "[schema.sql, schema.sql]"), "task.yaml:3: schema: 'schema.sql' is named twice"),
        (
            GOOD.replace("schema.sql", "[schema.sql, 5]"),
            "task.yaml:3: schema[1]: expected a path, not 5",
        ),
        (
            GOOD.replace("schema.sql", "\n  tables: schema.sql"),
            "task.yaml:3: schema: expected the path of an .sql file, a list of such paths, or a postgresql:// address"
            ", not a mapping",
        ),
        (GOOD + "budget: 5\n", "task.yaml:4: budget: expected a mapping, not 5"),
        (GOOD + "budget:\n  usd: -1\n", "task.yaml:5: budget.usd: expected at least 0, not -1"),
        (GOOD + "budget:\n  usd: .inf\n", "task.yaml:5: budget.usd: expected a number, not inf"),
        (GOOD + "budget:\n  minutes: 0\n", "task.yaml:5: budget.minutes: expected more than 0, not 0"),
        (GOOD + "budget:\n  minutes: true\n", "task.yaml:5: budget.minutes: expected a number, not true"),
        (
            GOOD + "budget:\n  model_requests: 1.5\n",
            "task.yaml:5: budget.model_requests: expected a whole number, not 1.5",
        ),
        (
            GOOD + "budget:\n  dollars: 5\n",
            "task.yaml:5: budget.dollars: there is no such key; expected usd, minutes, model_requests, tokens",
        ),
        (
            GOOD + "workspace: {repository: folder}\n",
            "task.yaml:4: workspace.repository: 'folder' is no git repository (looked for HERE/folder/.git)",
        ),
        (
            GOOD + "workspace: {folder: schema.sql}\n",
            "task.yaml:4: workspace.folder: 'schema.sql' is a file; expected a folder that is not there yet",
        ),
        (
            GOOD + "workspace: {folder: new, base: main}\n",
            "task.yaml:4: workspace.base: there is no such key; expected folder",
        ),
        (
            GOOD + "workspace: {base: main}\n",
            "task.yaml:4: workspace: expected a path, {folder: PATH}, or {repository: PATH, base: BRANCH}"
            ", not a mapping",
        ),
        (GOOD + "acceptance: [good, '']\n", "task.yaml:4: acceptance[1]: is empty"),
        (GOOD + "acceptance: {a: b}\n", "task.yaml:4: acceptance: expected text or a list of texts, not a mapping"),
        (GOOD + "description:\n", "task.yaml:4: description: expected text, not nothing"),
        (GOOD + "model: 5\n", "task.yaml:4: model: expected text or a list of texts, not 5"),
    ],
)
def test_a_bad_task_is_refused_with_place_and_remedy(content: str | bytes, message: str) -> None:
    assert said(content) == [message]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"title": "Shop",\n "api": }', "task.json:2: is no JSON: Expecting value (column 9)"),
        ('{"title": "a", "title": "b"}', "task.json: the key 'title' stands twice in one object"),
        ("[" * 100_000, "task.json: is nested too deeply"),
        ("[]", "task.json: expected a mapping with title, api and schema, not a list"),
    ],
)
def test_bad_json_is_refused_too(content: str, message: str) -> None:
    assert said(content, "task.json") == [message]


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    assert said("title: ''\nstack: express\nbudget:\n  minutes: -1\n  usd: lots\nmodle: x\n") == [
        "task.yaml: api: is missing",
        "task.yaml:1: title: is empty",
        f"task.yaml:2: stack: 'express' is no stack; expected one of {STACKS}; did you mean 'typescript-express'?",
        "task.yaml:4: budget.minutes: expected more than 0, not -1",
        "task.yaml:5: budget.usd: expected a number, not 'lots'",
        f"task.yaml:6: modle: there is no such key; expected {KEYS}; did you mean 'model'?",
    ]


def test_problems_in_json_have_lines_although_it_is_indented_with_tabs() -> None:
    content = '{\n\t"title": "Shop",\n\t"api": "openapi.yaml",\n\t"schema": "schema.sql",\n\t"stack": "cobol"\n}'
    assert said(content, "task.json") == [f"task.json:5: stack: 'cobol' is no stack; expected one of {STACKS}"]


def test_a_folder_or_nothing_in_place_of_a_file(beside_the_task: Path) -> None:
    with pytest.raises(TaskError, match="^folder: is a folder; expected the task file in it$"):
        load_task(Path("folder"))
    with pytest.raises(TaskError, match="^task.yml: there is no such file; `agent init` writes one$"):
        load_task(Path("task.yml"))
    with pytest.raises(TaskError, match="cannot be read: File name too long"):
        load_task(beside_the_task / ("a" * 300))


def test_data_has_keys_for_places() -> None:
    with pytest.raises(TaskError) as raised:
        parse_task(
            {"title": "Shop", "api": "openapi.yaml", "schema": ["a.sql"], "budget": {"minutes": 0}}, place="request"
        )
    assert [str(one) for one in raised.value.problems] == [
        f"request: schema[0]: there is no file 'a.sql' (looked for {Path.cwd() / 'a.sql'})",
        "request: budget.minutes: expected more than 0, not 0",
    ]


def test_a_password_in_an_address_is_not_repeated() -> None:
    lines = said(GOOD.replace("schema.sql", "postgresql://reader:hunter2@host/db") + "stack: cobol\n")
    assert "hunter2" not in "\n".join(lines)
