"""What was read once is known by its digest, and kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from agent.contract.loading import load_contract
from tests.contract.large import large_document
from tests.contract.split import SPLIT, write

LIBRARY = Path(__file__).parent / "documents" / "library.yaml"


def test_the_digest_of_one_file_is_that_of_its_bytes() -> None:
    assert load_contract(LIBRARY).digest == hashlib.sha256(LIBRARY.read_bytes()).hexdigest()


def test_the_digest_changes_with_any_file(tmp_path: Path) -> None:
    path = write(tmp_path, SPLIT)
    before = load_contract(path).digest
    (tmp_path / "api/schemas/author.yaml").write_text("{type: object, properties: {kind: {type: string}} }")
    assert load_contract(path).digest != before


def test_what_was_kept_is_what_was_loaded(tmp_path: Path) -> None:
    path = write(tmp_path, SPLIT)
    cache = tmp_path / "cache"
    assert load_contract(path, cache=cache) == load_contract(path, cache=cache) == load_contract(path)
    assert len(list((cache / "contracts").iterdir())) == 1


def test_a_kept_document_is_not_read_again(tmp_path: Path) -> None:
    path = write(tmp_path, {"api.yaml": LIBRARY.read_text()})
    load_contract(path, cache=tmp_path)
    [entry] = (tmp_path / "contracts").iterdir()
    header, body = entry.read_bytes().split(b"\n", 1)
    changed = body.replace(b'"title":"Library"', b'"title":"Changed"')
    fields = json.loads(header) | {"checksum": hashlib.sha256(changed).hexdigest()}
    entry.write_bytes(json.dumps(fields).encode() + b"\n" + changed)
    assert load_contract(path, cache=tmp_path).title == "Changed"


def test_a_change_in_another_file_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path, SPLIT)
    load_contract(path, cache=tmp_path / "cache")
    (tmp_path / "api/schemas/author.yaml").write_text("{type: array}")
    assert load_contract(path, cache=tmp_path / "cache").schemas["author"] == {"type": "array"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"{}\n{}",
        lambda _: b"[]\n[]",
        lambda raw: raw[:-10],
        lambda raw: raw.replace(b'"title":"Library"', b'"title":"Changed"'),
        lambda raw: raw.replace(b'"format": "', b'"format": "0'),
        lambda raw: b"\xff\xfe" + raw,
    ],
)
def test_a_damaged_entry_is_ignored_and_written_again(tmp_path: Path, damage: Any) -> None:
    path = write(tmp_path, {"api.yaml": LIBRARY.read_text()})
    good = load_contract(path, cache=tmp_path)
    [entry] = (tmp_path / "contracts").iterdir()
    kept = entry.read_bytes()
    entry.write_bytes(damage(kept))
    assert load_contract(path, cache=tmp_path) == good
    assert entry.read_bytes() == kept


def test_a_refused_document_is_not_kept(tmp_path: Path) -> None:
    path = write(tmp_path, {"api.yaml": "openapi: 3.1.0\n"})
    for _ in range(2):
        with pytest.raises(Exception, match="declares no operations"):
            load_contract(path, cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_large_document_loads_and_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path, {"api.json": json.dumps(large_document(operations=60, size=300_000))})
    contract = load_contract(path, cache=tmp_path)
    assert len(contract.operations) == 60
    assert load_contract(path, cache=tmp_path) == contract
