"""Runs a module as `python -m` does, and notes what keeps its main thread, and what it exports.

`python watched.py FOLDER MODULE ARGUMENT...` writes into FOLDER:

- `stalls.jsonl`: for each time that one line held the main thread, its place and the seconds.
- `profile.json`: how often each function was seen running, and how often somebody looked.
- `spans-N`: the bodies of what was sent to an OTLP collector, which listens inside, at the
  address that the environment names to the module.

It needs nothing beside the standard library, and the watched code needs to know nothing of it.
"""

import gzip
import json
import os
import runpy
import socket
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

_EVERY = 0.005
_STALL = 0.05
"""Seconds on one line, without those waited for a processor, from which on it is written down."""
_LARGEST = 8 << 20
_MOST = 500


def main() -> None:
    """Watch, and run the module."""
    folder, module, *arguments = sys.argv[1:]
    address = _collect(Path(folder))
    os.environ.update(
        OTEL_EXPORTER_OTLP_ENDPOINT=address,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_BSP_SCHEDULE_DELAY="200",
    )
    watcher = _Watcher(Path(folder), threading.get_ident(), threading.get_native_id())
    threading.Thread(target=watcher.run, name="watcher", daemon=True).start()
    sys.argv = [module, *arguments]
    sys.path[0] = os.getcwd()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _collect(folder: Path) -> str:
    """Start the collector in a process of its own, which ends with this one; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    parent = os.getpid()
    if os.fork() == 0:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        server = ThreadingHTTPServer(("127.0.0.1", port), _Collector, bind_and_activate=False)
        server.socket.close()
        server.socket = listener
        _Collector.folder = folder
        server.serve_forever()
        os._exit(0)
    listener.close()
    return f"http://127.0.0.1:{port}"


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


class _Collector(BaseHTTPRequestHandler):
    """Keeps what is posted to `/v1/traces`, and takes the rest."""

    folder: Path
    kept = 0

    def do_POST(self) -> None:
        """One export."""
        size = min(int(self.headers.get("content-length", 0)), _LARGEST)
        body = self.rfile.read(size)
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path.endswith("/v1/traces") and _Collector.kept < _MOST:
            _Collector.kept += 1
            unfinished = self.folder / f"unfinished-{_Collector.kept}"
            unfinished.write_bytes(body)
            unfinished.rename(self.folder / f"spans-{_Collector.kept}")
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The service's log is its own."""


class _Watcher:
    """Looks at one thread again and again."""

    def __init__(self, folder: Path, thread: int, native: int) -> None:
        self._folder, self._thread = folder, thread
        self._schedule = Path(f"/proc/self/task/{native}/schedstat")
        self._workspace = os.getcwd() + os.sep
        self._seen: Counter[str] = Counter()
        self._looks = 0

    def run(self) -> None:
        """Until the process ends."""
        held: tuple[int, int] | None = None
        since, waited, place = 0.0, 0.0, ""
        written = time.monotonic()
        while True:
            time.sleep(_EVERY)
            now = time.monotonic()
            leaf = sys._current_frames().get(self._thread)
            own = self._own(leaf)
            self._count(leaf, own)
            key = (id(own), own.f_lasti) if own is not None else None
            if key != held:
                self._write_stall(place, now - since - (self._waited() - waited) if held else 0.0)
                held, since, waited, place = key, now, self._waited(), self._place(own, leaf)
            if now - written > 0.5:
                self._write_profile()
                written = now

    def _own(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the workspace's code, None when it is not running.

        None, too, while a thread that it starts waits for a processor: that is the machine's fault.
        """
        while frame is not None and not frame.f_code.co_filename.startswith(self._workspace):
            if frame.f_code is threading.Thread.start.__code__:
                return None
            frame = frame.f_back
        return frame

    def _place(self, own: FrameType | None, leaf: FrameType | None) -> str:
        if own is None or leaf is None:
            return ""
        file = own.f_code.co_filename.removeprefix(self._workspace)
        into = (
            ""
            if leaf is own
            else f", in {leaf.f_code.co_qualname} of {Path(leaf.f_code.co_filename).name}"
        )
        return f"{file}:{own.f_lineno} {own.f_code.co_qualname}{into}"

    def _count(self, leaf: FrameType | None, own: FrameType | None) -> None:
        self._looks += 1
        frame = own or leaf
        if frame is not None:
            file = Path(frame.f_code.co_filename)
            self._seen[f"{frame.f_code.co_qualname} ({file.parent.name}/{file.name})"] += 1

    def _waited(self) -> float:
        try:
            return int(self._schedule.read_text().split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    def _write_stall(self, place: str, seconds: float) -> None:
        if place and seconds >= _STALL:
            with (self._folder / "stalls.jsonl").open("a") as file:
                file.write(json.dumps({"place": place, "seconds": round(seconds, 3)}) + "\n")

    def _write_profile(self) -> None:
        unfinished = self._folder / "profile.new"
        unfinished.write_text(
            json.dumps({"looks": self._looks, "seen": dict(self._seen.most_common(40))})
        )
        unfinished.rename(self._folder / "profile.json")


if __name__ == "__main__":
    main()
