"""A document in several files."""

from __future__ import annotations

import json
from pathlib import Path


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write these files; the path of the first one."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / next(iter(files))


SPLIT = {
    "api/openapi.yaml": """\
openapi: 3.1.0
info: {title: Books, version: '1'}
paths:
  /books: {$ref: paths/books.yaml}
components:
  schemas:
    Title: {type: string}
    Book: {type: string, description: not the one of the other file}
""",
    "api/paths/books.yaml": """\
parameters: [{$ref: '../shared.json#/parameters/Limit'}]
get:
  responses:
    '200':
      description: ok
      content: {application/json: {schema: {$ref: ../schemas/book.yaml}}}
    default: {$ref: '../shared.json#/responses/Problem'}
""",
    "api/schemas/book.yaml": """\
type: object
properties:
  title: {$ref: '../openapi.yaml#/components/schemas/Title'}
  sequel: {$ref: book.yaml}
  author: {$ref: '#/$defs/Author'}
  kind:
    oneOf: [{$ref: author.yaml}]
    discriminator: {propertyName: kind, mapping: {author: author.yaml}}
$defs:
  Author: {type: object, properties: {books: {type: array, items: {$ref: '#'}}}}
""",
    "api/schemas/author.yaml": "{type: object, properties: {kind: {type: string}}}",
    "api/shared.json": json.dumps(
        {
            "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}},
            "responses": {"Problem": {"description": "bad"}},
        }
    ),
}
