"""Start commands, as repositories write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stacks.python_fastapi.starting.commands import Start, declared_starts, start_of


@pytest.mark.parametrize(
    ("command", "start"),
    [
        ("uvicorn shop.web:app --host 0.0.0.0 --port 80", Start("shop.web:app")),
        ("python -m uvicorn --factory shop.web:make", Start("shop.web:make", factory=True)),
        ("exec /venv/bin/uvicorn --app-dir=backend web:app", Start("web:app", folder="backend")),
        ("uv run gunicorn -k uvicorn.workers.UvicornWorker --chdir back web:app", Start("web:app", folder="back")),
        ("uvicorn --app-dir /app web:app", Start("web:app")),
        ("alembic upgrade head && uvicorn web:app", Start("web:app")),
        (["sh", "-c", "alembic upgrade head && uvicorn web:app"], Start("web:app")),
        ("fastapi run app/service.py --workers 4", Start("app.service")),
        ("fastapi dev --app api app/service.py", Start("app.service:api")),
        ("hypercorn 'web:make()'", Start("web:make()")),
        ("fastapi run", None),
        ("python manage.py runserver", None),
        ("uvicorn 'unclosed", None),
        ("", None),
    ],
)
def test_a_command_says_what_it_starts(command: str | list[str], start: Start | None) -> None:
    assert start_of(command) == start


def test_the_last_command_of_an_image_counts_and_lines_may_go_on() -> None:
    text = 'FROM a\nCMD ["uvicorn", "old:app"]\nFROM b\nCMD uvicorn \\\n  new:app\n'
    assert list(declared_starts({"Dockerfile": text})) == [Start("new:app")]


def test_services_of_a_compose_file_are_asked_for_their_command() -> None:
    services = "db:\n    image: postgres\n  web:\n    command: [uvicorn, 'web:app']\n  b:\n    command: uvicorn x:y\n"
    text = f"services:\n  {services}"
    assert list(declared_starts({"compose.yaml": text})) == [Start("web:app"), Start("x:y")]


def test_the_nearest_to_the_root_comes_first_and_the_far_ones_never() -> None:
    files = {name: "web: uvicorn " + target for name, target in TARGETS.items()}
    assert [one.target for one in declared_starts(files)] == ["root:app", "back:app"]


TARGETS = {"back/Procfile": "back:app", "Procfile": "root:app", "a/b/c/Procfile": "far:app"}


@given(st.sampled_from(["Procfile", "Dockerfile", "compose.yaml"]), st.text())
def test_any_file_is_read(name: str, text: str) -> None:
    assert all(one.target for one in declared_starts({name: text}))
