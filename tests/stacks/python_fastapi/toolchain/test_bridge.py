"""A command finds at a port what is only at a socket, and nothing of the bridge outlives it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

BRIDGE = Path(__file__).parents[4] / "agent" / "stacks" / "python_fastapi" / "toolchain" / "bridge.py"
ASKS = """
import os, socket
with socket.create_connection(("127.0.0.1", int(os.environ["PORT"]))) as there:
    there.sendall(b"hello")
    there.shutdown(socket.SHUT_WR)
    print(there.makefile().read())
"""


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Path]:
    """A socket that answers what it is told, in capitals."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            while True:
                try:
                    there, _ = listener.accept()
                except OSError:
                    return
                with there:
                    there.sendall(there.makefile("rb").read().upper())

        threading.Thread(target=answer, daemon=True).start()
        yield path


def bridged(where: Path, port: int, code: str, greeting: str = "-") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BRIDGE), str(where), str(port), "PORT", greeting, "--", sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={"PORT": str(port)})


def test_a_port_leads_to_the_socket(echo: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert bridged(echo, port, ASKS).stdout == "HELLO\n"


def test_where_the_port_is_taken_the_setting_names_another(echo: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = bridged(echo, taken.getsockname()[1], ASKS)
    assert done.stdout == "HELLO\n", done.stderr


def test_without_a_server_the_connection_is_closed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert bridged(tmp_path / "gone", port, ASKS).stdout.strip() == ""


def test_the_command_is_the_process_and_its_exit_code_counts(echo: Path) -> None:
    done = bridged(echo, 0, "import sys; sys.exit(7)")
    assert done.returncode == 7


def test_a_greeting_goes_first_and_its_answer_is_kept_back(tmp_path: Path) -> None:
    path, said = tmp_path / "s", []

    def answer(listener: socket.socket) -> None:
        there, _ = listener.accept()
        with there, there.makefile("rwb") as file:
            said.append(file.readline())
            file.write(b"+OK\r\n")
            file.flush()
            said.append(file.read())
            file.write(b"answer")

    with socket.socket(socket.AF_UNIX) as listener, socket.create_server(("127.0.0.1", 0)) as taken:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        done = bridged(path, taken.getsockname()[1], ASKS, "AUTH default secret")
        thread.join()
    assert said == [b"AUTH default secret\r\n", b"hello"]
    assert done.stdout == "answer\n"
