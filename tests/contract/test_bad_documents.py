"""Documents that are refused: each with every problem, at its line, in plain words."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from agent.contract.loading import load_contract
from agent.errors import ContractError
from tests.contract.refused import HEAD, problems_of

CASES = {
    "empty": ("  \n", "api.yaml", "is empty"),
    "a list": ("- 1\n", "api.yaml:1: #", "the outermost value must be a mapping"),
    "a text": ("hello\n", "api.yaml:1: #", "the outermost value must be a mapping"),
    "broken YAML": ("openapi: 3.1.0\ninfo: {title: [\n", "api.yaml:3", "not valid YAML"),
    "Swagger 2": ("swagger: '2.0'\ninfo: {}\n", "api.yaml:1: #/swagger", "is Swagger 2.0; convert it to OpenAPI 3"),
    "no version": ("info: {title: a, version: b}\n", "api.yaml:1: #", "`openapi` is missing"),
    "version as a number": ("openapi: 3.1\n", "api.yaml:1: #/openapi", "write the version as text"),
    "version 3.2": ("openapi: 3.2.0\n", "api.yaml:1: #/openapi", "version 3.2.0 is not supported"),
    "version 4": ("openapi: 4.0.0\n", "api.yaml:1: #/openapi", "version 4.0.0 is not supported"),
    "no paths": (HEAD, "api.yaml:1: #/paths", "declares no operations"),
    "empty paths": (HEAD + "paths: {}\n", "api.yaml:3: #/paths", "declares no operations"),
    "no title": (
        "openapi: 3.0.3\ninfo:\n  version: '1'\npaths: {/a: {}}\n",
        "api.yaml:2: #/info",
        "`title` is missing",
    ),
    "info.version as a number": (
        "openapi: 3.1.0\ninfo:\n  title: a\n  version: 1.0\npaths: {/a: {}}\n",
        "api.yaml:4: #/info/version",
        "1.0 is not of type string (put it in quotes)",
    ),
    "duplicate key": (
        HEAD + "paths:\n  /a: {}\n  /a: {}\n",
        "api.yaml:5",
        "the key `/a` stands twice in one mapping",
    ),
    "no responses": (
        HEAD + "paths:\n  /a:\n    get:\n      summary: x\n",
        "api.yaml:5: #/paths/~1a/get",
        "`responses` is missing",
    ),
    "unknown key": (
        HEAD + "paths:\n  /a:\n    get:\n      colour: red\n      responses: {200: {description: ok}}\n",
        "api.yaml:6: #/paths/~1a/get/colour",
        "`colour` has no meaning here",
    ),
    "path without a slash": (
        HEAD + "paths:\n  books: {get: {responses: {200: {description: ok}}}}\n",
        "api.yaml:4: #/paths/books",
        "`books`",
    ),
    "duplicate operationId": (
        HEAD
        + """\
        paths:
          /a: {get: {operationId: x, responses: {200: {description: ok}}}}
          /b:
            get:
              operationId: x
              responses: {200: {description: ok}}
        """,
        "api.yaml:7: #/paths/~1b/get/operationId",
        "the operationId `x` is also that of GET /a",
    ),
    "path parameter not declared": (
        HEAD + "paths:\n  /a/{id}:\n    get: {responses: {200: {description: ok}}}\n",
        "api.yaml:5: #/paths/~1a~1{id}/get",
        "the path parameter `id` is not declared",
    ),
    "path parameter not in the path": (
        HEAD
        + """\
        paths:
          /a:
            get:
              parameters: [{name: id, in: path, required: true, schema: {type: string}}]
              responses: {200: {description: ok}}
        """,
        "api.yaml:5: #/paths/~1a/get",
        "the path parameter `id` does not occur in the path `/a`",
    ),
    "parameter declared twice": (
        HEAD
        + """\
        paths:
          /a:
            get:
              parameters:
                - {name: q, in: query, schema: {type: string}}
                - {name: q, in: query, schema: {type: integer}}
              responses: {200: {description: ok}}
        """,
        "api.yaml:8: #/paths/~1a/get/parameters/1",
        "query parameter `q` is declared twice",
    ),
    "the same path twice": (
        HEAD
        + """\
        paths:
          /a/{id}:
            parameters: [{name: id, in: path, required: true, schema: {type: string}}]
            get: {responses: {200: {description: ok}}}
          /a/{name}:
            parameters: [{name: name, in: path, required: true, schema: {type: string}}]
            put: {responses: {200: {description: ok}}}
        """,
        "api.yaml:7: #/paths/~1a~1{name}",
        "is the same path as `/a/{id}` but for parameter names",
    ),
    "braces": (
        HEAD + "paths:\n  /a/{id: {get: {responses: {200: {description: ok}}}}\n",
        "api.yaml:4: #/paths/~1a~1{id",
        "braces that do not enclose a parameter name",
    ),
    "reference to nothing": (
        HEAD
        + """\
        paths:
          /a:
            get:
              responses:
                200: {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}}
        """,
        "api.yaml:7: #/paths/~1a/get/responses/200/content/application~1json/schema/$ref",
        "leads nowhere: api.yaml has no components",
    ),
    "remote reference": (
        HEAD + "paths:\n  /a:\n    $ref: https://example.com/api.yaml#/paths/a\n",
        "api.yaml:5: #/paths/~1a/$ref",
        "is remote and is never fetched",
    ),
    "file reference": (
        HEAD + "paths:\n  /a:\n    $ref: file:///etc/passwd\n",
        "api.yaml:5: #/paths/~1a/$ref",
        "is remote and is never fetched",
    ),
    "absolute reference": (
        HEAD + "paths:\n  /a:\n    $ref: /etc/paths.yaml\n",
        "api.yaml:5: #/paths/~1a/$ref",
        "is not relative",
    ),
    "reference out of the folder": (
        HEAD + "paths:\n  /a:\n    $ref: ../../paths.yaml\n",
        "api.yaml:5: #/paths/~1a/$ref",
        "leaves the project's folder",
    ),
    "reference to another kind of file": (
        HEAD + "paths:\n  /a:\n    $ref: secrets.env\n",
        "api.yaml:5: #/paths/~1a/$ref",
        "not to a .yaml, .yml or .json file",
    ),
    "reference to a missing file": (
        HEAD + "paths:\n  /a:\n    $ref: paths/a.yaml\n",
        "api.yaml:5: #/paths/~1a/$ref",
        "the file paths/a.yaml: does not exist",
    ),
    "reference to an anchor": (
        HEAD + "paths:\n  /a:\n    $ref: '#somewhere'\n",
        "api.yaml:5: #/paths/~1a/$ref",
        "names an anchor",
    ),
    "reference to a text": (
        HEAD + "paths:\n  /a:\n    $ref: '#/info/title'\n",
        "api.yaml:5: #/paths/~1a/$ref",
        "leads to something that is no object",
    ),
    "reference to itself": (
        HEAD
        + """\
        paths: {/a: {get: {responses: {200: {description: ok}}}}}
        components:
          schemas:
            A: {$ref: '#/components/schemas/B'}
            B: {$ref: '#/components/schemas/A'}
        """,
        "api.yaml:7: #/components/schemas/B/$ref",
        "contains itself, directly or through allOf",
    ),
    "allOf of itself": (
        HEAD
        + """\
        paths: {/a: {get: {responses: {200: {description: ok}}}}}
        components:
          schemas:
            A:
              allOf:
                - {$ref: '#/components/schemas/A'}
        """,
        "api.yaml:8: #/components/schemas/A/allOf/0/$ref",
        "contains itself, directly or through allOf",
    ),
    "unknown security scheme": (
        HEAD + "security:\n  - token: []\npaths: {/a: {get: {responses: {200: {description: ok}}}}}\n",
        "api.yaml:4: #/security/0/token",
        "the security scheme `token` is not declared",
    ),
    "wrong type name": (
        HEAD
        + """\
        paths: {/a: {get: {responses: {200: {description: ok}}}}}
        components:
          schemas:
            Book:
              properties:
                pages:
                  type: int
        """,
        "api.yaml:9: #/components/schemas/Book/properties/pages/type",
        '"int" is not one of',
    ),
    "default of another type": (
        HEAD
        + """\
        paths: {/a: {get: {responses: {200: {description: ok}}}}}
        components:
          schemas:
            Book:
              properties:
                pages: {type: integer, default: many}
        """,
        "api.yaml:8: #/components/schemas/Book/properties/pages",
        '"many" is not of type integer',
    ),
    "pattern that is none": (
        HEAD
        + """\
        paths: {/a: {get: {responses: {200: {description: ok}}}}}
        components:
          schemas:
            Isbn: {type: string, pattern: '([0-9'}
        """,
        "api.yaml:6: #/components/schemas/Isbn/pattern",
        "is not a regular expression",
    ),
    "reference to a thing of another kind": (
        HEAD
        + """\
        paths: {/a: {get: {responses: {200: {$ref: '#/components/schemas/A'}}}}}
        components: {schemas: {A: {type: string}}}
        """,
        "api.yaml:3: #/paths/~1a/get/responses/200/$ref",
        "leads to a place that holds none of the responses",
    ),
    "dynamic reference": (
        "openapi: 3.1.0\ninfo: {title: a, version: b}\npaths: {/a: {get: {responses: {200: {description: ok}}}}}\n"
        "components: {schemas: {A: {$dynamicRef: '#node'}}}\n",
        "api.yaml:4: #/components/schemas/A/$dynamicRef",
        "is not supported; use `$ref`",
    ),
    "too deep": (HEAD + "x-deep: " + "[" * 100_000 + "\n", "api.yaml:3", "nested deeper than 200 levels"),
    "aliases that explode": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "api.yaml:7",
        "once its aliases are written out",
    ),
    "alias of itself": ("a: &a {b: *a}\n", "api.yaml:1", "alias *a stands before or inside its anchor"),
    "a tag of Python": (
        "a: !!python/object/apply:os.system [id]\n",
        "api.yaml:1",
        "is not supported; use plain values",
    ),
    "two documents": ("a: 1\n---\nb: 2\n", "api.yaml:2", "a second YAML document begins here"),
    "not a number of JSON": ("a: .nan\n", "api.yaml:1", ".nan is not a JSON number"),
    "a list as a key": ("? [1]\n: 2\n", "api.yaml:1", "keys are texts"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_document_is_refused_with_place_and_reason(name: str, tmp_path: Path) -> None:
    text, place, message = CASES[name]
    problems = problems_of(tmp_path, "api.yaml", _indented(text))
    assert place in [problem.place for problem in problems], [str(problem) for problem in problems]
    found = next(problem for problem in problems if problem.place == place)
    assert message in found.message


JSON_CASES = {
    "broken": ('{"openapi":\n "3.1.0",,}', "api.json:2", "not valid JSON"),
    "duplicate key": ('{"openapi": "3.1.0",\n "paths": {"/a": {}, \n"/a": {}}}', "api.json:3", "`/a` stands twice"),
    "NaN": ('{"a": NaN}', "api.json:1", "NaN is not a JSON number"),
    "infinite": ('{"a": 1e999}', "api.json:1", "too large a number"),
    "too deep": ("[" * 100_000, "api.json:1", "nested deeper than 200 levels"),
    "two lines down": (
        '{"openapi": "3.0.3",\n"info": {"title": "a",\n"version": "1"},\n"paths": {"/a": {"get":\n{}}}}',
        "api.json:4: #/paths/~1a/get",
        "`responses` is missing",
    ),
}


@pytest.mark.parametrize("name", JSON_CASES)
def test_bad_json_is_refused_with_place_and_reason(name: str, tmp_path: Path) -> None:
    text, place, message = JSON_CASES[name]
    problems = problems_of(tmp_path, "api.json", text)
    assert [problem.place for problem in problems] == [place]
    assert message in problems[0].message


def test_every_problem_is_listed_not_only_the_first(tmp_path: Path) -> None:
    text = HEAD + "paths:\n  /a: {get: {}}\n  /b: {get: {responses: {}, colour: red}}\n  /c: {post: {}}\n"
    places = {problem.place for problem in problems_of(tmp_path, "api.yaml", text)}
    assert {"api.yaml:4: #/paths/~1a/get", "api.yaml:6: #/paths/~1c/post"} <= places


def test_data_that_json_cannot_say_is_refused() -> None:
    with pytest.raises(ContractError, match="inline: cannot be written as JSON"):
        load_contract({"openapi": object()})


def test_problems_of_data_are_told_by_pointer() -> None:
    document: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "a", "version": 1}, "paths": {"/a": {}}}
    with pytest.raises(ContractError, match="inline: #/info/version: 1 is not of type string"):
        load_contract(document, strict=True)


def _indented(text: str) -> str:
    head = text.startswith(HEAD)
    return HEAD + dedent(text.removeprefix(HEAD)) if head else text
