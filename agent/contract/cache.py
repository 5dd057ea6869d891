"""Bundled documents that were found valid, kept by the content of their files.

An entry is two lines of JSON: what it was made from, with a checksum of the second; then the document. An entry that is
damaged, of another format, or older than a file of the document counts as absent.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agent.contract.bundling import Bundle
from agent.contract.source import MAX_BYTES

FORMAT = 1
"""To be raised when the meaning of an entry, or the strictness of the checks behind it, changes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document from the cache."""

    document: Mapping[str, Any]
    digest: str


def digest_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents of all files, in the order of their names; for a single file its bytes alone."""
    if len(files) == 1:
        return hashlib.sha256(next(iter(files.values()))).hexdigest()
    parts = [f"{name}\0{hashlib.sha256(raw).hexdigest()}\n" for name, raw in sorted(files.items())]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def kept(cache: Path, main: Path | None, raw: bytes) -> Kept | None:
    """The document of the file with these bytes, when neither it nor any file it refers to has changed."""
    try:
        header_line, document_line = _entry(cache, raw).read_bytes().split(b"\n", 1)
        header = json.loads(header_line)
        if header["format"] != _format() or header["checksum"] != hashlib.sha256(document_line).hexdigest():
            return None
        files = {"": raw} | {name: _bytes(main, name) for name in header["files"]}
        if any(hashlib.sha256(files[name]).hexdigest() != digest for name, digest in header["files"].items()):
            return None
        return Kept(document=json.loads(document_line), digest=digest_of(files))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def keep(cache: Path, bundle: Bundle) -> None:
    """Write an entry, whole or not at all. A folder that cannot be written costs time, not the run."""
    main, *others = bundle.files
    document = json.dumps(bundle.document, ensure_ascii=True, separators=(",", ":")).encode()
    header = {
        "format": _format(),
        "checksum": hashlib.sha256(document).hexdigest(),
        "files": {file.name: file.digest for file in others},
    }
    entry = _entry(cache, main.raw)
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=entry.parent, prefix=entry.name, delete=False) as file:
            file.write(json.dumps(header).encode() + b"\n" + document)
        Path(file.name).replace(entry)
    except OSError:
        return


def _entry(cache: Path, raw: bytes) -> Path:
    return cache / "contracts" / f"{hashlib.sha256(raw).hexdigest()}.json"


def _format() -> str:
    return f"{FORMAT} {version('openapi-spec-validator')}"


def _bytes(main: Path | None, name: str) -> bytes:
    if main is None:
        raise FileNotFoundError(name)
    path = main.parent / name
    if path.stat().st_size > MAX_BYTES:
        raise OSError(f"{name} is too big")
    return path.read_bytes()
