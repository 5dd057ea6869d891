"""Defects that input brings to light: what is not refused, not explained, or does not stay text."""

from __future__ import annotations

from tests.checklist.defect import PROTECTED, defect

_WITH_INPUT = ("POST /auth/register", "POST /auth/login", *PROTECTED)

VALIDATION = (
    defect(
        "one bound of one field not checked",
        "validation",
        "src/schemas/api.py",
        "Title = Annotated[str, StringConstraints(min_length=1, max_length=120)",
        "Title = Annotated[str, StringConstraints(max_length=120)",
        "VAL-EDGE:POST /notes",
        "VAL-EDGE:PATCH /notes/{note_id}",
    ),
    defect(
        "one parameter of one list not checked",
        "validation",
        "src/api/routes/notes.py",
        "page: Annotated[int, Query(ge=1, le=10000)] = 1",
        "page: Annotated[int, Query(le=10000)] = 1",
        "VAL-EDGE:GET /notes",
    ),
    defect(
        "refusal that names no field",
        "validation",
        "src/main.py",
        "message = f\"{'.'.join(map(str, first['loc']))}: {first['msg']}\"",
        "message = str(first['msg'])",
        *(f"VAL-DETAIL:{key}" for key in _WITH_INPUT),
    ),
    defect(
        "refusal without a reason for values of a path",
        "validation",
        "src/main.py",
        "message = f\"{'.'.join(map(str, first['loc']))}: {first['msg']}\"",
        "reason = 'is invalid' if first['loc'][0] == 'path' else first['msg']\n"
        "        message = f\"{'.'.join(map(str, first['loc']))}: {reason}\"",
        *(f"VAL-DETAIL:{method} /notes/{{note_id}}" for method in ("GET", "PATCH", "DELETE")),
    ),
    defect(
        "SQL made of input",
        "validation",
        "src/repositories/notes.py",
        'sets = "".join(f"{name} = ${place}, " for place, name in enumerate(values, 3))',
        "quoted = str(values.pop('title', ''))\n"
        "        values = {**values}\n"
        "        sets = f\"title = '{quoted}', \" if quoted else ''\n"
        "        sets += ''.join(f'{name} = ${place}, ' for place, name in enumerate(values, 3))",
        "VAL-SANITIZE:service",
    ),
    defect(
        "header made of input",
        "validation",
        "src/api/routes/notes.py",
        'async def create_note(notes: Notes, user: CurrentUser, body: NewNote) -> Note:\n    """A new note."""\n',
        "async def create_note(\n    notes: Notes, user: CurrentUser, body: NewNote, response: Response\n) -> Note:\n"
        "    response.headers['X-Title'] = body.title.encode().decode('latin-1')\n",
        "VAL-SANITIZE:service",
    ),
    defect(
        "line of the log made of input",
        "validation",
        "src/services/notes.py",
        "row = await self._notes.add(user, body.title",
        "print('made', body.title, flush=True)\n        row = await self._notes.add(user, body.title",
        "VAL-SANITIZE:service",
    ),
)
"""Noticed by sending what the contract forbids, and text that would be more."""

FUZZING = (
    defect(
        "500 on text that the database cannot hold",
        "fuzzing",
        "src/schemas/api.py",
        "StringConstraints(max_length=2000), AfterValidator(_storable)",
        "StringConstraints(max_length=2000)",
        "CON-RUNTIME:POST /notes",
        "CON-RUNTIME:PATCH /notes/{note_id}",
    ),
    defect(
        "numbers taken for booleans",
        "fuzzing",
        "src/schemas/api.py",
        "pinned: StrictBool = False",
        "pinned: bool = False",
        "CON-RUNTIME:POST /notes",
    ),
    defect(
        "undeclared answer to an unusual change",
        "fuzzing",
        "src/api/routes/notes.py",
        "return await notes.change(user, note_id, body)",
        "done = await notes.change(user, note_id, body)\n"
        "    return done if body.model_fields_set else Response(status_code=202)",
        "CON-RUNTIME:PATCH /notes/{note_id}",
    ),
)
"""Noticed by fuzzing alone."""

LISTS = (
    defect(
        "filter that is ignored",
        "lists",
        "src/api/routes/notes.py",
        "found = await notes.page(user, page, limit, pinned)",
        "found = await notes.page(user, page, limit, None)",
        "API-FILTER:GET /notes",
    ),
    defect(
        "order that goes the other way",
        "lists",
        "src/repositories/notes.py",
        '"-created_at": "created_at DESC"',
        '"-created_at": "created_at"',
        "API-FILTER:GET /notes",
    ),
    defect(
        "order that is left to chance among equals",
        "lists",
        "src/repositories/notes.py",
        "ORDER BY {_ORDERS[sort]}, id LIMIT",
        "ORDER BY {_ORDERS[sort]}, md5(id::text || ($4::integer)::text) LIMIT",
        "API-FILTER:GET /notes",
    ),
    defect(
        "pages that overlap",
        "lists",
        "src/repositories/notes.py",
        "limit,\n            (page - 1) * limit,",
        "limit,\n            max(0, (page - 1) * limit - 1),",
        "API-FILTER:GET /notes",
    ),
    defect(
        "limit that is not enforced",
        "lists",
        "src/api/routes/notes.py",
        "limit: Annotated[int, Query(ge=1, le=100)] = 5",
        "limit: Annotated[int, Query(ge=1)] = 5",
        "API-PAGE:GET /notes",
    ),
    defect(
        "everything without a limit",
        "lists",
        "src/api/routes/notes.py",
        "limit: Annotated[int, Query(ge=1, le=100)] = 5",
        "limit: Annotated[int, Query(ge=1, le=100)] = 50",
        "API-PAGE:GET /notes",
    ),
    defect(
        "total of the page in place of the list's",
        "lists",
        "src/services/notes.py",
        "total = await self._notes.count(user)\n        notes =",
        "total = len(rows)\n        notes =",
        "API-ENVELOPE:GET /notes",
    ),
    defect(
        "error of the framework's shape where no route is",
        "lists",
        "src/main.py",
        "@app.exception_handler(HTTPException)\n    async def",
        "async def",
        "API-ERROR:service",
    ),
)
"""Noticed by asking lists for parts and orders of rows that were made for it."""

STRUCTURE = (
    defect(
        "service that makes its own repository",
        "layout",
        "src/services/notes.py",
        "def __init__(self, notes: NoteRepository) -> None:\n        self._notes = notes",
        "def __init__(self, pool: Pool) -> None:\n        self._notes = NoteRepository(pool)",
        "SVC-DI:files",
    ),
    defect(
        "repository that reads settings",
        "layout",
        "src/repositories/health.py",
        "self._pool = pool",
        "self._pool = pool\n        self._name = load_settings().database_url",
        "SVC-DI:files",
    ),
    defect(
        "service that raises a built-in error",
        "layout",
        "src/services/notes.py",
        'raise NotFound("there is no such note")',
        'raise LookupError("there is no such note")',
        "SVC-ERRORS:files",
    ),
    defect(
        "errors without a code",
        "layout",
        "src/core/exceptions.py",
        "    code = ",
        "    kind = ",
        "SVC-ERRORS:files",
    ),
)
"""Noticed by reading the code."""

PIPELINE = (
    defect(
        "pipeline that does not look at the document",
        "contract",
        ".github/workflows/ci.yml",
        "pipx run openapi-spec-validator openapi.json",
        "echo openapi-spec-validator openapi.json",
        "CON-CI:files",
    ),
    defect(
        "check of the document that cannot fail",
        "contract",
        ".github/workflows/ci.yml",
        "      - name: Document\n",
        "      - name: Document\n        continue-on-error: true\n",
        "CON-CI:files",
    ),
)

SUITE = (
    defect(
        "tests that leave rows behind",
        "tests",
        "tests/conftest.py",
        '    await connection.execute("TRUNCATE users CASCADE")\n',
        "",
        "TST-DB:files",
        "TST-COVER:files",
    ),
    defect(
        "refusals that are not tested",
        "tests",
        "tests/test_refusals.py",
        '"/api/notes", params={"page": 0})).status_code == 422',
        '"/api/notes", params={"page": 1})).status_code == 200',
        "TST-ERRORS:GET /notes",
    ),
)
"""Noticed by running the tests."""

INPUTS = (*VALIDATION, *FUZZING, *LISTS, *STRUCTURE, *PIPELINE, *SUITE)
