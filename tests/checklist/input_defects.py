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

INPUTS = (*VALIDATION, *FUZZING)
