"""Fuzzing in a process of its own: making requests takes a whole processor, and would hold up whoever else is asking.

The process gets a contract, reads the document while the caller does something else, and then is told what to fuzz.
Both sides speak in pickles over its standard input and output, which nobody else can reach.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.checklist.probe.fuzzing import Fuzzed, Target, fuzz, operations_of
from agent.contract.model import Contract


@dataclass(frozen=True, slots=True)
class Fuzzer:
    """A process that is ready to fuzz the operations of one contract."""

    process: asyncio.subprocess.Process = field(repr=False)

    async def fuzz(self, socket: Path, targets: Sequence[Target], *, seconds: float, seed: int) -> Mapping[str, Fuzzed]:
        """See `fuzzing.fuzz`. Raises RuntimeError when the process ended without a result, with what it printed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        with suppress(ConnectionError):  # then it has ended, and its last words tell more
            self.process.stdin.write(pickle.dumps((socket, tuple(targets), seconds, seed)))
            await self.process.stdin.drain()
        given, said = await asyncio.gather(self.process.stdout.read(), self.process.stderr.read())
        if await self.process.wait() != 0:
            raise RuntimeError(f"fuzzing ended with exit code {self.process.returncode}:\n{said.decode()}")
        found: Mapping[str, Fuzzed] = pickle.loads(given)
        return found


@asynccontextmanager
async def fuzzer(contract: Contract) -> AsyncIterator[Fuzzer]:
    """A process for fuzzing, gone when the context is left."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-c", "from agent.checklist.probe.fuzzing_apart import main; main()")
    # Ctrl-C reaches a whole process group: who asks is stopped by it, and then ends this one.
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, process_group=0)
    try:
        assert process.stdin is not None
        process.stdin.write(pickle.dumps(contract))
        yield Fuzzer(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def main() -> None:
    """What the process does. It ends with whoever started it, who holds its input open."""
    asked, answer = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    contract = pickle.load(asked)
    operations = operations_of(contract)
    socket, targets, seconds, seed = pickle.load(asked)
    threading.Thread(target=_end_with_caller, daemon=True).start()
    found = fuzz(contract, socket, targets, seconds=seconds, seed=seed, operations=operations)
    pickle.dump(found, answer)
    answer.close()


def _end_with_caller() -> None:
    os.read(0, 1)  # nothing more comes: this ends when the other side is closed
    os._exit(1)
