"""What checks found on the same inputs before, kept in a folder of the runtime's own.

Only what held is kept: what failed is asked again. Entries are sealed with a key that lies beside them; the folder has
to belong to whoever runs this and to nobody else, and code under test cannot reach it. An entry that is old, damaged,
sealed otherwise or made for other inputs counts as absent.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.checklist.touching import Ran
from agent.receipts import Measures, Outcome, Receipt
from tools.redaction.models import redacted
from tools.sandbox.base import SandboxKind

DAYS = 7
"""For which an entry counts: probes with other random values deserve another chance to find something."""
_KEY = "key"
_KEY_BYTES = 32


class Kept(BaseModel):
    """What a check found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """The digest of its inputs."""
    at: float
    """When, in seconds since 1970."""
    receipts: tuple[Receipt, ...]
    measures: Measures


@dataclass(frozen=True, slots=True)
class Memory:
    """The folder, and the key for its seals."""

    folder: Path
    key: bytes

    def recall(self, key: str) -> Kept | None:
        """What was found on these inputs; each receipt says when. None when nothing is known, or it may be wrong."""
        kept = self._read(key, Kept)
        if kept is None or kept.key != key or not 0 <= time.time() - kept.at < DAYS * 86_400:
            return None
        when = datetime.fromtimestamp(kept.at, UTC).isoformat(timespec="seconds")
        receipts = tuple(one.model_copy(update={"remembered": when}) for one in kept.receipts)
        return kept.model_copy(update={"receipts": receipts})

    def keep(self, key: str, receipts: tuple[Receipt, ...], measures: Measures) -> None:
        """Keep what was found, unless something failed. A folder that cannot be written costs time, nothing else."""
        if any(one.outcome is Outcome.FAILED for one in receipts):
            return
        told = tuple(map(redacted, receipts))
        self._write(key, Kept(key=key, at=time.time(), receipts=told, measures=measures))

    def recall_ran(self, key: str) -> Ran | None:
        """What the tests of a service ran when they were last seen, on whatever files; it settles nothing."""
        return self._read(f"ran-{key}", Ran)

    def keep_ran(self, key: str, ran: Ran) -> None:
        """Keep what the tests of a service ran; what was kept before is gone."""
        self._write(f"ran-{key}", ran)

    def _read[Content: BaseModel](self, key: str, kind: type[Content]) -> Content | None:
        try:
            seal, _, body = self._entry(key).read_bytes().partition(b"\n")
            if not hmac.compare_digest(seal, self._seal(body)):
                return None
            return kind.model_validate_json(body)
        except (OSError, ValidationError):
            return None

    def _write(self, key: str, content: BaseModel) -> None:
        body = content.model_dump_json().encode()
        with suppress(OSError):
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix="unfinished-", delete=False) as file:
                file.write(self._seal(body) + b"\n" + body)
            Path(file.name).replace(self._entry(key))

    def _entry(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _seal(self, body: bytes) -> bytes:
        return hmac.new(self.key, body, hashlib.sha256).hexdigest().encode()


def open_memory(folder: Path, sandbox: SandboxKind) -> Memory | None:
    """The memory in a folder, made at its first use; old entries are removed.

    None where code under test could write into it, because nothing confines it, or where others could.
    """
    if sandbox == "none":
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
            return None
        _sweep(folder)
        return Memory(folder, _key(folder / _KEY))
    except OSError:
        return None


def _key(file: Path) -> bytes:
    """The key, made when there is none; one that is damaged is removed, and with the next one all entries are void."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix="unfinished-") as made:
        made.write(secrets.token_bytes(_KEY_BYTES))
        made.flush()
        with suppress(FileExistsError):
            os.link(made.name, file)
    key = file.read_bytes()
    if len(key) != _KEY_BYTES:
        file.unlink()
        raise OSError(f"{file} was damaged, and is made anew the next time")
    return key


def _sweep(folder: Path) -> None:
    oldest = time.time() - DAYS * 86_400
    for entry in folder.iterdir():
        with suppress(OSError):
            if entry.name != _KEY and entry.lstat().st_mtime < oldest:
                entry.unlink()
