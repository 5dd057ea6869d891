"""Files that cannot be read, or that lead elsewhere."""

from __future__ import annotations

from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agent.contract.loading import load_contract
from agent.errors import ContractError
from tests.contract.refused import HEAD, problems_of


def test_a_problem_in_another_file_is_told_with_that_file(tmp_path: Path) -> None:
    (tmp_path / "paths").mkdir()
    (tmp_path / "paths" / "a.yaml").write_text("get:\n  summary: no responses\n")
    problems = problems_of(tmp_path, "api.yaml", HEAD + "paths:\n  /a: {$ref: paths/a.yaml}\n")
    assert [str(problem) for problem in problems] == ["paths/a.yaml:1: #/get: `responses` is missing"]


def test_a_symbolic_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("get: {responses: {200: {description: ok}}}\n")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "inside.yaml").symlink_to(tmp_path / "outside.yaml")
    problems = problems_of(folder, "api.yaml", HEAD + "paths:\n  /a: {$ref: inside.yaml}\n")
    assert "leaves the project's folder" in problems[0].message


def test_nothing_is_fetched_not_even_for_references_inside_values(tmp_path: Path) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            asked.append(self.path)
            self.send_error(404)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    try:
        for uri in (f"http://127.0.0.1:{server.server_port}/a", secret.as_uri(), "secret.json"):
            value = f"{{$ref: '{uri}'}}"
            for schema in (
                f"{{default: {value}}}",
                f"{{example: {value}}}",
                f"{{enum: [{value}]}}",
                f"{{$ref: '{uri}#/a'}}",
            ):
                text = f"{HEAD}paths: {{/a: {{get: {{responses: {{200: {{description: ok}}}}}}}}}}\n"
                path = tmp_path / "api.yaml"
                path.write_text(f"{text}components: {{schemas: {{A: {schema}}}}}\n")
                with suppress(ContractError):
                    load_contract(path, strict=True)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_path_items_that_contain_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("$ref: b.yaml\n")
    (tmp_path / "b.yaml").write_text("$ref: a.yaml\n")
    problems = problems_of(tmp_path, "api.yaml", HEAD + "paths:\n  /a: {$ref: a.yaml}\n")
    assert "leads back to itself" in problems[0].message


def test_a_missing_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"api\.yaml: does not exist"):
        load_contract(tmp_path / "api.yaml", strict=True)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="is not a file"):
        load_contract(tmp_path)


def test_a_document_in_latin_1_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_bytes("openapi: 3.1.0\ninfo: {title: Bücher}\n".encode("latin-1"))
    with pytest.raises(ContractError, match=r"api\.yaml:2: is not UTF-8"):
        load_contract(path, strict=True)


def test_a_document_that_is_too_big_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    with path.open("wb") as file:
        file.truncate(33_000_000)
    with pytest.raises(ContractError, match=r"33,000,000 bytes; at most 32,000,000"):
        load_contract(path, strict=True)
