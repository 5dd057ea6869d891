"""A package index on the loopback, with packages that are made on the spot."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_TYPE = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, slots=True)
class Package:
    """A release of a package with one module of its name."""

    name: str
    version: str = "1.0.0"
    days: int = 400
    """How long ago it was published."""
    licence: str = "License-Expression: MIT"
    """Lines of its metadata."""
    needs: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """More files of the wheel."""
    source: bool = False
    """Published as source alone."""

    @property
    def file_name(self) -> str:
        """Of the wheel, or of the archive with the source."""
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        return f"{stem}.tar.gz" if self.source else f"{stem}-py3-none-any.whl"

    @property
    def metadata(self) -> str:
        """As the wheel carries it."""
        needs = "".join(f"Requires-Dist: {one}\n" for one in self.needs)
        return f"Metadata-Version: 2.4\nName: {self.name}\nVersion: {self.version}\n{self.licence}\n{needs}"

    def content(self) -> bytes:
        """The same bytes each time."""
        return self._archive() if self.source else self._wheel()

    def _wheel(self) -> bytes:
        module = self.name.replace("-", "_")
        about = f"{module}-{self.version}.dist-info"
        files = {
            f"{module}.py": f'VERSION = "{self.version}"\n',
            **self.files,
            f"{about}/METADATA": self.metadata,
            f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        records = [f"{path},{_digest(text)},{len(text.encode())}" for path, text in files.items()]
        files[f"{about}/RECORD"] = "\n".join([*records, f"{about}/RECORD,,"]) + "\n"
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for path, text in files.items():
                archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
        return made.getvalue()

    def _archive(self) -> bytes:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as archive:
            for path, text in self.files.items():
                entry = tarfile.TarInfo(f"{self.name}-{self.version}/{path}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        return made.getvalue()


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return f"sha256={digest}"


@contextmanager
def package_index(*packages: Package) -> Iterator[str]:
    """Serve these until the context ends; the address is what `UV_DEFAULT_INDEX` is set to."""
    contents = {one.file_name: one.content() for one in packages}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 -- the name is the base class's
            kind, _, name = self.path.strip("/").partition("/")
            releases = [one for one in packages if one.name == name]
            if kind == "files" and name in contents:
                self._send("application/octet-stream", contents[name])
            elif kind == "simple" and releases:
                self._send(_TYPE, json.dumps(_page(name, releases, contents)).encode())
            else:
                self.send_error(404)

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 -- as above

        def log_message(self, *_: object) -> None:
            """Say nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(name: str, releases: Sequence[Package], contents: Mapping[str, bytes]) -> dict[str, object]:
    return {
        "meta": {"api-version": "1.1"},
        "name": name,
        "versions": [one.version for one in releases],
        "files": [
            {
                "filename": one.file_name,
                "url": f"../../files/{one.file_name}",
                "hashes": {"sha256": hashlib.sha256(contents[one.file_name]).hexdigest()},
                "upload-time": (datetime.now(UTC) - timedelta(days=one.days)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            for one in releases
        ],
    }
