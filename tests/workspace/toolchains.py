"""The toolchain that tests work with: the real one, made once and kept between test runs."""

from __future__ import annotations

from pathlib import Path

from agent.places import cache_folder
from agent.workspace.toolchain import build_toolchain

CONFIG = Path(__file__).parents[2] / "agent" / "stacks" / "python_fastapi" / "toolchain"
LOCK = CONFIG / "requirements.lock"


def real_toolchain() -> Path:
    """The environment of the Python stack."""
    return build_toolchain(LOCK, cache_folder())


def one_package(name: str) -> str:
    """The lines of the stack's lock for one package, hashes included."""
    lines = LOCK.read_text().splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith(f"{name}=="))
    block = [lines[first]]
    for line in lines[first + 1 :]:
        if not line.startswith("    --hash"):
            break
        block.append(line)
    return "\n".join(block).removesuffix(" \\") + "\n"
