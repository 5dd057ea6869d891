"""Defects to put into the good service, each with the obligations that have to notice it."""

from __future__ import annotations

from tests.checklist.defect import PROTECTED as _PROTECTED
from tests.checklist.defect import Defect as Defect
from tests.checklist.defect import defect as _defect
from tests.checklist.input_defects import INPUTS

BEHAVIOUR = (
    _defect(
        "wrong status of a creation",
        "main_path",
        "src/api/routes/notes.py",
        'post("", status_code=201',
        'post("", status_code=200',
        "API-STATUS:POST /notes",
    ),
    _defect(
        "missing field in an answer",
        "main_path",
        "src/api/routes/notes.py",
        'get("/{note_id}", ',
        'get("/{note_id}", response_model_exclude={"content"}, ',
        "API-METHODS:GET /notes/{note_id}",
    ),
    _defect(
        "500 on an unknown id",
        "main_path",
        "src/services/notes.py",
        "row = await self._notes.get(user, note)\n        if row is None:\n"
        '            raise NotFound("there is no such note")\n',
        "row = await self._notes.get(user, note)\n        assert row is not None\n",
        "API-STATUS:GET /notes/{note_id}",
    ),
    _defect(
        "PATCH that overwrites what was not sent",
        "main_path",
        "src/services/notes.py",
        "body.model_dump(exclude_unset=True)",
        'body.model_dump(exclude_none=True) | {"content": body.content}',
        "API-METHODS:PATCH /notes/{note_id}",
    ),
    _defect(
        "PATCH that forgets a field",
        "main_path",
        "src/services/notes.py",
        "body.model_dump(exclude_unset=True)",
        'body.model_dump(exclude_unset=True, exclude={"title"})',
        "API-METHODS:PATCH /notes/{note_id}",
    ),
    _defect(
        "DELETE that does nothing",
        "main_path",
        "src/repositories/notes.py",
        '"DELETE FROM notes WHERE id = $1 AND user_id = $2", note, user\n        )\n        return done == "DELETE 1"',
        '"SELECT id FROM notes WHERE id = $1 AND user_id = $2", note, user\n        )\n'
        '        return done == "SELECT 1"',
        "API-METHODS:DELETE /notes/{note_id}",
    ),
    _defect(
        "creation that stores something else",
        "main_path",
        "src/services/notes.py",
        "user, body.title, body.content, body.pinned",
        "user, body.title[::-1], body.content, body.pinned",
        "API-METHODS:POST /notes",
    ),
    _defect(
        "list that shows nothing",
        "main_path",
        "src/repositories/notes.py",
        "return [NoteRow(**row) for row in rows]",
        "return [NoteRow(**row) for row in rows[:0]]",
        "API-METHODS:GET /notes",
    ),
    _defect(
        "GET that changes rows",
        "main_path",
        "src/services/notes.py",
        "rows = await self._notes.page(user, page, limit)\n",
        "rows = await self._notes.page(user, page, limit)\n"
        '        await self._notes.change(user, rows[0].id, {"content": None})\n',
        "API-METHODS:GET /notes",
    ),
    _defect(
        "no check who calls",
        "main_path",
        "src/api/dependencies/__init__.py",
        'raise Unauthenticated("a token is needed")',
        "return UUID(int=0)",
        *(f"API-STATUS:{key}" for key in _PROTECTED),
    ),
    _defect(
        "login with any password",
        "main_path",
        "src/services/accounts.py",
        "user is None or not await verify_password(body.password, user.password_hash)",
        "user is None or await verify_password(body.password + 'x', user.password_hash)",
        "API-STATUS:POST /auth/login",
    ),
    _defect(
        "500 on a second registration",
        "main_path",
        "src/repositories/users.py",
        'raise Conflict("the address is taken") from error',
        "raise",
        "API-STATUS:POST /auth/register",
    ),
    _defect(
        "operation that nobody has written",
        "main_path",
        "src/services/notes.py",
        "row = await self._notes.change(user, note, body.model_dump(exclude_unset=True))",
        "raise NotImplementedError(user, note, body)\n        row = None",
        "API-STATUS:PATCH /notes/{note_id}",
        "API-METHODS:PATCH /notes/{note_id}",
    ),
)
"""Noticed by asking the running service."""

SERVICE = (
    _defect(
        "readiness that always says 200",
        "observing",
        "src/api/routes/health.py",
        "200 if good else 503",
        "200",
        "OBS-HEALTH:service",
    ),
    _defect(
        "start without the database's address",
        "observing",
        "src/core/config.py",
        "database_url: SecretStr\n",
        'database_url: SecretStr = SecretStr("postgresql://nobody@localhost/nothing")\n',
        "PRI-FAIL-FAST:service",
    ),
)

OBSERVING = (
    _defect(
        "lines that are no JSON when something breaks",
        "observing",
        "src/core/requests.py",
        '_log.exception("it broke")',
        '_log.exception("it broke")\n            print("it broke", flush=True)',
        "LOG-JSON:service",
        "LOG-CORR:service",
    ),
    _defect(
        "lines without a level",
        "observing",
        "src/core/logging.py",
        '"severity": record.levelname,',
        '"kind": "line",',
        "LOG-JSON:service",
        "SVC-GENERIC:service",
    ),
    _defect(
        "id of the request not taken over",
        "observing",
        "src/core/requests.py",
        "sent if 0 < len(sent) <= 64 and sent.isalnum() else uuid4().hex.encode()",
        "uuid4().hex.encode()",
        "LOG-CORR:service",
        "SVC-GENERIC:service",
    ),
    _defect(
        "id of the request missing where it is refused",
        "observing",
        "src/core/requests.py",
        'message["headers"] = [*message["headers"], (_HEADER, identifier)]',
        'if message["status"] < 400:\n'
        '                    message["headers"] = [*message["headers"], (_HEADER, identifier)]',
        "LOG-CORR:service",
    ),
    _defect(
        "one id for all requests that bring none",
        "observing",
        "src/core/requests.py",
        "else uuid4().hex.encode()",
        'else b"none"',
        "LOG-CORR:service",
    ),
    _defect(
        "user in no line",
        "observing",
        "src/api/dependencies/__init__.py",
        "    user_id.set(str(user))\n",
        "",
        "LOG-CORR:service",
    ),
    _defect(
        "user of whoever came last in all lines",
        "observing",
        "src/core/logging.py",
        'user_id: ContextVar[str | None] = ContextVar("user_id", default=None)',
        'class Last:\n    """Remembers."""\n\n    value: str | None = None\n\n'
        '    def set(self, value: str | None) -> None:\n        """Now this."""\n'
        "        self.value = value or self.value\n\n"
        '    def get(self) -> str | None:\n        """The last."""\n        return self.value\n\n\nuser_id = Last()',
        "LOG-CORR:service",
    ),
    _defect(
        "password logged when the login fails",
        "observing",
        "src/services/accounts.py",
        'raise Unauthenticated("address or password is wrong")',
        'import logging\n\n            logging.getLogger(__name__).warning("refused %s", body.password)\n'
        '            raise Unauthenticated("address or password is wrong")',
        "LOG-SECRETS:service",
    ),
    _defect(
        "address logged at registration",
        "observing",
        "src/services/accounts.py",
        "        return User.model_validate(user)\n",
        "        import logging\n\n"
        '        logging.getLogger(__name__).info("welcome", extra={"to": 1})\n'
        '        logging.getLogger(__name__).info("welcome %s", user.email)\n'
        "        return User.model_validate(user)\n",
        "LOG-SECRETS:service",
    ),
    _defect(
        "token logged when something breaks",
        "observing",
        "src/core/requests.py",
        '_log.exception("it broke")',
        '_log.exception("it broke: %s", dict(scope["headers"]))',
        "LOG-SECRETS:service",
    ),
    _defect(
        "error of the database told to the caller",
        "observing",
        "src/core/requests.py",
        '        except Exception:\n            _log.exception("it broke")\n'
        "            await _BROKEN(scope, receive, answer)",
        '        except Exception as error:\n            _log.exception("it broke")\n'
        '            told = JSONResponse({"error": {"message": str(error), "code": "internal"}}, 500)\n'
        "            await told(scope, receive, answer)",
        "SVC-GENERIC:service",
    ),
    _defect(
        "error of the database told by one operation alone",
        "observing",
        "src/services/notes.py",
        "        if not await self._notes.remove(user, note):",
        "        try:\n            await self._notes.get(user, note)\n        except Exception as error:\n"
        '            raise type("Odd", (NotFound,), {"status": 500})(repr(error)) from error\n'
        "        if not await self._notes.remove(user, note):",
        "SVC-GENERIC:service",
    ),
    _defect(
        "failure that leaves nothing in the log",
        "observing",
        "src/core/requests.py",
        '_log.exception("it broke")',
        '_log.error("it broke")',
        "SVC-GENERIC:service",
    ),
    _defect(
        "500 when two register at once",
        "observing",
        "src/repositories/users.py",
        "        try:\n            row = await self._pool.fetchrow(\n"
        '                f"INSERT INTO users (email, password_hash) VALUES ($1, $2) RETURNING {_COLUMNS}",\n'
        "                email,\n                password_hash,\n            )\n"
        "        except asyncpg.UniqueViolationError as error:\n"
        '            raise Conflict("the address is taken") from error\n',
        "        if await self.by_email(email):\n"
        '            raise Conflict("the address is taken")\n'
        "        row = await self._pool.fetchrow(\n"
        '            f"INSERT INTO users (email, password_hash) VALUES ($1, $2) RETURNING {_COLUMNS}",\n'
        "            email,\n            password_hash,\n        )\n",
        "SVC-DBERR:service",
    ),
    _defect(
        "two writes without a transaction",
        "observing",
        "src/repositories/notes.py",
        "self._pool.acquire() as connection, connection.transaction():",
        "self._pool.acquire() as connection:",
        "DBQ-TX:service",
    ),
    _defect(
        "second write whose failure is passed over",
        "observing",
        "src/repositories/notes.py",
        "            await connection.execute(\n"
        '                "INSERT INTO note_events (note_id, kind) VALUES ($1, $2)", row["id"], "made"\n            )',
        "        try:\n            await self._pool.execute(\n"
        '                "INSERT INTO note_events (note_id, kind) VALUES ($1, $2)", row["id"], "made"\n            )\n'
        "        except Exception:  # noqa: S110\n            pass",
        "DBQ-TX:service",
        "SVC-GENERIC:service",
    ),
    _defect(
        "statement for each row when a filter is used",
        "observing",
        "src/repositories/notes.py",
        "        found = [NoteRow(**row) for row in rows]",
        "        found = [note for row in rows if (note := await self.get(user, row['id']))]",
        "DBQ-N1:GET /notes",
    ),
    _defect(
        "page cut in memory when a filter is used",
        "observing",
        "src/repositories/notes.py",
        '            " ORDER BY created_at DESC, id LIMIT $3 OFFSET $4",\n'
        "            user,\n            pinned,\n            limit,\n            (page - 1) * limit,\n        )\n"
        "        found = [NoteRow(**row) for row in rows]",
        '            " ORDER BY created_at DESC, id",\n            user,\n            pinned,\n        )\n'
        "        found = [NoteRow(**row) for row in rows][(page - 1) * limit : page * limit]",
        "DBQ-PAGE:GET /notes",
    ),
    _defect(
        "all columns when a filter is used",
        "observing",
        "src/repositories/notes.py",
        'f"SELECT {_COLUMNS} FROM notes WHERE user_id = $1 AND pinned = $2"\n'
        '            " ORDER BY created_at DESC, id LIMIT $3 OFFSET $4",',
        'f"SELECT {_COLUMNS} FROM (SELECT * FROM notes) AS every WHERE user_id = $1 AND pinned = $2"\n'
        '            " ORDER BY created_at DESC, id LIMIT $3 OFFSET $4",',
        "DBQ-STAR:files",
    ),
    _defect(
        "all columns where nobody comes",
        "observing",
        "src/repositories/notes.py",
        "    async def remove(self",
        '    async def oldest(self, order: str) -> object:\n        """Never asked for."""\n'
        '        return await self._pool.fetch(f"SELECT * FROM notes ORDER BY {order}")\n\n    async def remove(self',
        "DBQ-STAR:files",
    ),
    _defect(
        "address put into a statement",
        "observing",
        "src/repositories/users.py",
        'f"SELECT {_COLUMNS} FROM users WHERE email = $1", email',
        "f\"SELECT {_COLUMNS} FROM users WHERE email = '{email}'\"",
        "DBQ-PARAM:files",
    ),
    _defect(
        "id put into a statement",
        "observing",
        "src/repositories/notes.py",
        '"DELETE FROM notes WHERE id = $1 AND user_id = $2", note, user',
        "f\"DELETE FROM notes WHERE id = '{note}' AND user_id = $1\", user",
        "DBQ-PARAM:files",
    ),
    _defect(
        "metrics by path in place of route",
        "observing",
        "src/core/requests.py",
        'route = getattr(scope.get("route"), "path", "none")',
        'route = scope["path"]',
        "MET-HTTP:service",
    ),
    _defect(
        "refused requests left out of the metrics",
        "observing",
        "src/core/requests.py",
        "series.observe(monotonic() - started)",
        'series.observe(monotonic() - started) if message["status"] < 400 else None',
        "MET-HTTP:service",
    ),
    _defect(
        "statements left out of the metrics",
        "observing",
        "src/core/telemetry.py",
        "    QUERIES.observe(query.elapsed)\n",
        "",
        "MET-DB:service",
    ),
    _defect(
        "trace of the caller not continued",
        "observing",
        "src/core/requests.py",
        "context=extract(headers), ",
        "",
        "TRC-PROPAGATE:service",
    ),
    _defect(
        "statements without spans",
        "observing",
        "src/core/telemetry.py",
        '    TRACER.start_span("query", attributes=attributes).end()\n',
        "",
        "TRC-PROPAGATE:service",
    ),
    _defect(
        "password hashed in the event loop",
        "observing",
        "src/core/security.py",
        "return await asyncio.to_thread(_HASHER.hash, password)",
        "return _HASHER.hash(password)",
        "ANT-SYNC:files",
    ),
    _defect(
        "short sleep in the event loop where nobody comes",
        "observing",
        "src/services/notes.py",
        "        if not await self._notes.remove(user, note):\n",
        "        if not await self._notes.remove(user, note):\n"
        "            import time\n\n            time.sleep(0.001)\n",
        "ANT-SYNC:files",
    ),
    _defect(
        "new connection for every statement",
        "observing",
        "src/core/database.py",
        "max_size=size,",
        "max_size=size, max_queries=1,",
        "PRF-POOL:service",
    ),
    _defect(
        "slow statement",
        "observing",
        "src/repositories/notes.py",
        '"SELECT count(*) FROM notes WHERE user_id = $1", user',
        '"SELECT count(*) FROM notes, pg_sleep(0.07) WHERE user_id = $1", user',
        "PRF-DB:service",
    ),
)
"""Noticed by looking at everything that the running service does."""

CONTRACT = (
    _defect(
        "undeclared route",
        "contract",
        "src/api/routes/notes.py",
        "",
        '\n\n@router.post("/import")\nasync def import_notes() -> None:\n    """From nowhere."""\n',
        "PRI-API-FIRST:service",
    ),
    _defect(
        "document edited",
        "contract",
        "openapi.json",
        '"title": "Notes"',
        '"title": "My notes"',
        "CON-DEFINED:files",
    ),
    _defect(
        "other bound than declared",
        "contract",
        "src/api/routes/notes.py",
        "Query(ge=1, le=100)",
        "Query(ge=1, le=50)",
        "CON-PARITY:GET /notes",
    ),
    _defect(
        "status that is not declared",
        "contract",
        "src/api/routes/notes.py",
        'delete("/{note_id}", status_code=204',
        'delete("/{note_id}", status_code=202',
        "CON-PARITY:DELETE /notes/{note_id}",
    ),
)

LINT = (
    _defect(
        "unformatted code", "lint", "src/core/config.py", "pool_size: int = 8", "pool_size: int=8", "RUF-LINE:files"
    ),
    _defect(
        "line too long",
        "lint",
        "src/core/config.py",
        '"""Settings, from the environment alone."""',
        f'"""Settings, from the environment alone{"." * 80}"""',
        "RUF-LINE:files",
    ),
    _defect(
        "unused import", "lint", "src/core/config.py", "import sys\n", "import os\nimport sys\n", "RUF-SELECT:files"
    ),
    _defect(
        "old syntax",
        "lint",
        "src/core/exceptions.py",
        "",
        '\n\nclass Old(object):\n    """Odd."""\n',
        "RUF-TARGET:files",
    ),
    _defect(
        "suppression without a reason",
        "lint",
        "src/core/config.py",
        "import sys\n",
        "import os  # noqa: F401\nimport sys\n",
        "RUF-SELECT:files",
    ),
    _defect(
        "function in camelCase",
        "lint",
        "src/core/exceptions.py",
        "",
        '\n\ndef makeNote() -> None:\n    """Odd."""\n',
        "NAM-FUNC:files",
    ),
    _defect("file in CamelCase", "lint", "src/core/MyModule.py", "", '"""Odd."""\n', "NAM-FILE-PY:files"),
    _defect(
        "variable in lower case",
        "lint",
        "src/core/exceptions.py",
        "",
        '\n\ndef level() -> str | None:\n    """Odd."""\n    return os.environ.get("log_level")\n',
        "NAM-ENV:files",
        "RUF-SELECT:files",
    ),
)

TYPES = (
    _defect(
        "type error",
        "types",
        "src/services/notes.py",
        "if not await self._notes.remove(user, note):",
        "if not await self._notes.remove(user, str(note)):",
        "MYP-STRICT:files",
    ),
    _defect(
        "Any handed back",
        "types",
        "src/core/exceptions.py",
        "",
        '\n\ndef anything(text: str) -> int:\n    """Odd."""\n    import json\n\n    return json.loads(text)\n',
        "MYP-RETURN-ANY:files",
    ),
    _defect(
        "ignored type error without a reason",
        "types",
        "src/services/notes.py",
        "remove(user, note):",
        "remove(user, str(note)):  # type: ignore",
        "MYP-STRICT:files",
    ),
)

TESTS = (
    _defect(
        "operation that no test reaches",
        "tests",
        "tests/test_notes.py",
        "user.delete(",
        "user.get(",
        "TST-COVER:files",
        "TST-INTEG:DELETE /notes/{note_id}",
    ),
    _defect(
        "test that rewrites the code",
        "tests",
        "tests/test_auth.py",
        "",
        "\n\ndef test_rewrites() -> None:\n    from pathlib import Path\n\n"
        '    Path(__file__).with_name("test_more.py").write_text("")\n',
        "TST-COVER:files",
    ),
)
"""Two defects in one, because a test run takes long: the test fails, and the operation is not reached."""

LAYOUT = (
    _defect(
        "route that speaks to the database",
        "layout",
        "src/api/routes/auth.py",
        "from fastapi import APIRouter",
        "import asyncpg\nfrom fastapi import APIRouter",
        "SVC-LAYERS:files",
    ),
    _defect("old Python allowed", "layout", "pyproject.toml", ">=3.12", ">=3.10", "STK-PY:files"),
    _defect("no FastAPI", "layout", "pyproject.toml", '"fastapi>=0.165"', '"flask>=3"', "STK-HTTP-PY:files"),
)

MIGRATIONS = (
    _defect(
        "migration without downgrade",
        "migrations",
        "migrations/versions/0001_notes.py",
        'op.execute("DROP TABLE note_events")\n    op.execute("DROP TABLE notes")\n    op.execute("DROP TABLE users")',
        "return",
        "MIG-ROLLBACK:service",
    ),
    _defect(
        "column of another type",
        "migrations",
        "migrations/versions/0001_notes.py",
        "title varchar(120) NOT NULL",
        "title varchar(100) NOT NULL",
        "MIG-ROLLBACK:service",
    ),
    _defect(
        "two heads",
        "migrations",
        "migrations/versions/0002_other.py",
        "",
        '"""Another beginning."""\n\nrevision = "0002"\ndown_revision = None\n\n\n'
        'def upgrade() -> None:\n    """Nothing."""\n\n\ndef downgrade() -> None:\n    """Nothing."""\n',
        "MIG-VCS:files",
        "MIG-ROLLBACK:service",
    ),
)

LOAD = (
    _defect(
        "slow answers",
        "performance",
        "src/services/notes.py",
        "rows = await self._notes.page(user, page, limit)\n",
        "await __import__('asyncio').sleep(0.3)\n        rows = await self._notes.page(user, page, limit)\n",
        "PRF-P95:service",
        "PRF-RPS:service",
    ),
    _defect(
        "slow default page",
        "performance",
        "src/services/notes.py",
        "rows = await self._notes.page(user, page, limit)\n",
        "rows = await self._notes.page(user, page, limit)\n"
        "        await __import__('asyncio').sleep(0.3 if limit == 5 else 0)\n",
        "PRF-P95:service",
        "PRF-RPS:service",
    ),
)

_VERIFY = tuple(f"JWT-VERIFY:{key}" for key in _PROTECTED)
_UNREAD = 'return UUID(jwt.decode(token, options={"verify_signature": False})["sub"])'
_READ = 'return UUID(jwt.decode(token, secret, ["HS256"])["sub"])'
_SECURITY = "src/core/security.py"
_NOTES = "src/repositories/notes.py"

HEADERS = (
    _defect(
        "no content security policy",
        "headers",
        "src/core/middleware.py",
        """    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),\n""",
        "",
        "SEC-HEADERS:service",
    ),
    *(
        _defect(
            f"headers missing on {status} only",
            "headers",
            "src/core/middleware.py",
            "*_HEADERS]",
            f'*_HEADERS[: 3 if message["status"] == {status} else None]]',
            "SEC-HEADERS:service",
        )
        for status in (404, 405, 422, 500)
    ),
    _defect(
        "HTTPS for an hour only",
        "headers",
        "src/core/middleware.py",
        "max-age=31536000",
        "max-age=3600",
        "SEC-HTTPS:service",
    ),
    _defect(
        "redirect to plain HTTP",
        "headers",
        "src/main.py",
        "    return app\n",
        '    @app.get("/", include_in_schema=False)\n    async def root() -> JSONResponse:\n'
        '        return JSONResponse({}, 307, {"location": "http://service/api/notes"})\n\n    return app\n',
        "SEC-HTTPS:service",
    ),
    _defect(
        "token that lives a day",
        "headers",
        _SECURITY,
        "timedelta(minutes=15)",
        "timedelta(days=1)",
        "JWT-SHORT:service",
    ),
    _defect(
        "token that lives for ever",
        "headers",
        _SECURITY,
        ', "exp": datetime.now(UTC) + _LIFETIME}',
        "}",
        "JWT-SHORT:service",
    ),
    _defect(
        "token with more than is needed",
        "headers",
        _SECURITY,
        '{"sub": str(user), ',
        '{"sub": str(user), "favourite_colour": "blue", ',
        "JWT-CLAIMS:service",
    ),
    _defect(
        "token with the address of its user",
        "headers",
        "src/services/accounts.py",
        "access_token=issue_token(user.id, self._secret)",
        """access_token=(jwt := __import__("jwt")).encode({**jwt.decode(issue_token(user.id, self._secret),"""
        """ self._secret, ["HS256"]), "user": user.email}, self._secret, "HS256")""",
        "JWT-CLAIMS:service",
    ),
    _defect("signature not looked at", "headers", _SECURITY, _READ, _UNREAD, *_VERIFY),
    _defect(
        "algorithm none accepted",
        "headers",
        _SECURITY,
        _READ,
        f'if jwt.get_unverified_header(token)["alg"] == "none":\n            {_UNREAD}\n        {_READ}',
        *_VERIFY,
    ),
    _defect(
        "expired token accepted",
        "headers",
        _SECURITY,
        '["HS256"])["sub"]',
        '["HS256"], options={"verify_exp": False})["sub"]',
        *_VERIFY,
    ),
    _defect(
        "signature not looked at by one operation",
        "headers",
        "src/api/dependencies/__init__.py",
        "    user = read_token(credentials.credentials, secret)",
        '    if request.method == "DELETE":\n        import jwt\n\n'
        '        return UUID(jwt.decode(credentials.credentials, options={"verify_signature": False})["sub"])\n'
        "    user = read_token(credentials.credentials, secret)",
        "JWT-VERIFY:DELETE /notes/{note_id}",
    ),
    _defect(
        "another's note is shown",
        "headers",
        _NOTES,
        'SELECT {_COLUMNS} FROM notes WHERE id = $1 AND user_id = $2"',
        'SELECT {_COLUMNS} FROM notes WHERE id = $1 AND $2::uuid IS NOT NULL"',
        "AUT-OWNER:GET /notes/{note_id}",
    ),
    _defect(
        "another's note can be changed",
        "headers",
        _NOTES,
        " WHERE id = $1 AND user_id = $2 RETURNING",
        " WHERE id = $1 AND $2::uuid IS NOT NULL RETURNING",
        "AUT-OWNER:PATCH /notes/{note_id}",
    ),
    _defect(
        "another's note can be removed",
        "headers",
        _NOTES,
        "DELETE FROM notes WHERE id = $1 AND user_id = $2",
        "DELETE FROM notes WHERE id = $1 AND $2::uuid IS NOT NULL",
        "AUT-OWNER:DELETE /notes/{note_id}",
    ),
    _defect(
        "another's notes are listed",
        "headers",
        _NOTES,
        'FROM notes WHERE user_id = $1"\n            " ORDER',
        'FROM notes WHERE $1::uuid IS NOT NULL"\n            " ORDER',
        "AUT-OWNER:GET /notes",
    ),
    _defect(
        "note for whoever the body names",
        "headers",
        "src/api/routes/notes.py",
        "(notes: Notes, user: CurrentUser, body: NewNote) -> Note:\n"
        '    """A new note."""\n    return await notes.create(user, body)',
        '(request: __import__("fastapi").Request, notes: Notes, user: CurrentUser, body: NewNote) -> Note:\n'
        '    """A new note."""\n    user = UUID((await request.json()).get("user_id", str(user)))\n'
        "    return await notes.create(user, body)",
        "AUT-OWNER:POST /notes",
    ),
    _defect(
        "password hash that is cheap to guess",
        "headers",
        _SECURITY,
        "PasswordHasher()",
        "PasswordHasher(time_cost=1, memory_cost=8_192)",
        "PWD-HASH:service",
    ),
    _defect(
        "password hash without salt",
        "headers",
        _SECURITY,
        "asyncio.to_thread(_HASHER.hash, password)",
        'asyncio.to_thread(_HASHER.hash, password, salt=b"0123456789abcdef")',
        "PWD-HASH:service",
    ),
    _defect(
        "password hashed by SHA-256",
        "headers",
        _SECURITY,
        "_HASHER = PasswordHasher()",
        "class _Sha:\n    def hash(self, text: str) -> str:\n"
        '        return __import__("hashlib").sha256(text.encode()).hexdigest()\n\n'
        "    def verify(self, stored: str, text: str) -> bool:\n        return stored == self.hash(text)\n\n\n"
        "_HASHER = _Sha()",
        "PWD-HASH:service",
    ),
    _defect(
        "password stored as it is",
        "headers",
        _SECURITY,
        "_HASHER = PasswordHasher()",
        "class _Plain:\n    def hash(self, text: str) -> str:\n        return text\n\n"
        "    def verify(self, stored: str, text: str) -> bool:\n        return stored == text\n\n\n_HASHER = _Plain()",
        "PWD-HASH:service",
        "PWD-PLAIN:service",
    ),
    _defect(
        "password in the answer to a bad request",
        "headers",
        "src/main.py",
        """{first['msg']}\"""",
        """{first['msg']} in {error.body}\"""",
        "PWD-PLAIN:service",
    ),
    _defect(
        "password in the log",
        "headers",
        _SECURITY,
        "    return await asyncio.to_thread(_HASHER.hash, password)",
        '    print(f"hashing {password[::-1]}", flush=True)\n'
        "    return await asyncio.to_thread(_HASHER.hash, password)",
        "PWD-PLAIN:service",
    ),
    _defect(
        "short passwords taken", "headers", "src/schemas/api.py", "min_length=10", "min_length=1", "PWD-RULES:service"
    ),
    _defect(
        "secret as a default",
        "headers",
        "src/core/config.py",
        "jwt_secret: SecretStr\n",
        'jwt_secret: SecretStr = SecretStr("changeme-changeme-changeme-changeme")\n',
        "SEC-SECRETS:files",
    ),
    _defect(
        "private key beside the code",
        "headers",
        "deploy/key.pem",
        "",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n",
        "SEC-SECRETS:files",
    ),
)
"""Noticed by callers who mean no good, or look closely."""

STARTING = (
    _defect(
        "service that does not start",
        "main_path",
        "src/main.py",
        "app = create_app(load_settings())",
        'raise RuntimeError("no service today")',
        *(
            f"{rule}:{key}"
            for rule in ("API-STATUS", "API-METHODS")
            for key in ("POST /auth/register", "POST /auth/login", *_PROTECTED)
        ),
    ),
)

DEFECTS = (
    *BEHAVIOUR,
    *HEADERS,
    *INPUTS,
    *SERVICE,
    *OBSERVING,
    *CONTRACT,
    *LINT,
    *TYPES,
    *TESTS,
    *LAYOUT,
    *MIGRATIONS,
    *LOAD,
    *STARTING,
)
