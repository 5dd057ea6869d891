"""The parts of the sandbox that only compute."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.sandbox.base import Limits, Mounts
from tools.sandbox.bubblewrap_binary import version_of
from tools.sandbox.bubblewrap_command import Confinement, Descriptors, Mode, bubblewrap_command
from tools.sandbox.capturing import Capture
from tools.sandbox.seccomp import FORBIDDEN, seccomp_filter


def _command(
    mode: Mode = "root", *, mounts: Mounts = Mounts(), writable: bool = True, counted: bool = True, most: int = 1 << 40
) -> list[str]:
    confinement = Confinement("bwrap", mode, Path("/home/x/tree"), (".git",), ("--symlink", "usr/bin", "/bin"))
    return bubblewrap_command(
        confinement,
        ["make", "it"],
        mounts=mounts,
        environment={"PATH": "/usr/bin"},
        limits=Limits(),
        descriptors=Descriptors(3, 4, 5, 6, 7),
        writable=writable,
        counted=counted,
        hard={"nproc": most, "cpu": most, "core": 1},
    )


def _follows(words: list[str], *wanted: str) -> bool:
    return any(tuple(words[start : start + len(wanted)]) == wanted for start in range(len(words)))


@pytest.mark.parametrize("mode", ["root", "user"])
def test_every_command_is_cut_off(mode: Mode) -> None:
    words = _command(mode)
    assert {
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--die-with-parent",
        "--clearenv",
    } < set(words)
    assert _follows(words, "--remount-ro", "/")
    assert _follows(words, "--seccomp", "7")
    assert words[-2:] == ["make", "it"]


def test_as_root_the_rights_are_dropped() -> None:
    words = _command("root")
    assert _follows(words, "--cap-drop", "ALL")
    assert _follows(words, "setpriv", "--reuid=64999", "--regid=64999", "--clear-groups")
    assert "--unshare-user" not in words


def test_as_a_user_a_namespace_is_made_and_no_further_one() -> None:
    words = _command("user")
    assert {"--unshare-user", "--disable-userns"} < set(words)
    assert "setpriv" not in words


def test_the_worktree_is_writable_only_when_asked() -> None:
    assert _follows(_command(), "--bind", "/home/x/tree", "/workspace")
    assert _follows(_command(writable=False), "--ro-bind", "/home/x/tree", "/workspace")
    assert _follows(_command(), "--ro-bind", "/home/x/tree/.git", "/workspace/.git")


def test_mounts_get_parents_that_others_may_enter() -> None:
    words = _command(mounts=Mounts(read_only=(Path("/root/.cache/tools"), Path("/usr")), bound={Path("/a"): "/run/db"}))
    assert _follows(words, "--perms", "0755", "--dir", "/root")
    assert _follows(words, "--ro-bind", "/root/.cache/tools", "/root/.cache/tools")
    assert _follows(words, "--ro-bind", "/a", "/run/db")
    assert words.count("/usr") == 2, "the system's folder is mounted once"


def test_the_kernel_counts_where_control_groups_do_not() -> None:
    assert not any(word.startswith(("--nproc", "--data")) for word in _command(counted=True))
    assert {"--nproc=256", f"--data={1 << 30}"} < set(_command(counted=False))


def test_nothing_asks_for_more_than_the_machine_allows() -> None:
    assert {"--nproc=100", "--cpu=100:100", "--core=1", "--fsize=268435456"} < set(_command(counted=False, most=100))


def test_the_filter_is_whole_instructions_and_ends_in_an_answer() -> None:
    program = seccomp_filter("x86_64")
    assert program is not None
    assert len(program) % 8 == 0
    assert len(program) // 8 > 2 * len(FORBIDDEN)
    assert program[-8:] == bytes.fromhex("0600 00 00 0000ff7f")


def test_there_is_no_filter_for_other_machines() -> None:
    assert seccomp_filter("aarch64") is None


@given(chunks=st.lists(st.binary(max_size=50)), limit=st.integers(min_value=2, max_value=60))
def test_a_capture_keeps_both_ends(chunks: list[bytes], limit: int) -> None:
    capture, whole = Capture(limit), b"".join(chunks)
    for chunk in chunks:
        capture.add(chunk)
    half = limit // 2
    if len(whole) <= 2 * half:
        assert capture.text() == whole.decode(errors="replace") or not whole.isascii()
    else:
        assert capture.text().startswith(whole[:half].decode(errors="replace"))
        assert capture.text().endswith(whole[-half:].decode(errors="replace"))
        assert f"{len(whole) - 2 * half} bytes left out" in capture.text()


@pytest.mark.parametrize(
    ("text", "version"), [("bubblewrap 0.11.0\n", (0, 11, 0)), ("bubblewrap 0.4.1", (0, 4, 1)), ("", ()), ("no", ())]
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    assert version_of(text) == version
