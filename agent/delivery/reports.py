"""Writes the delivery down: for programs, for people, for test report viewers and for code scanners."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agent.delivery.junit import junit_xml
from agent.delivery.model import Delivery
from agent.delivery.page.rendering import report_page
from agent.delivery.sarif import sarif_json
from prompts.rendering import summary


@dataclass(frozen=True, slots=True)
class Reports:
    """Where the reports lie."""

    json: Path
    markdown: Path
    junit: Path
    sarif: Path
    page: Path

    @property
    def folder(self) -> Path:
        """The folder of all of them."""
        return self.json.parent

    @classmethod
    def within(cls, folder: Path) -> Self:
        """Their names in a folder."""
        names = ("report.json", "report.md", "junit.xml", "report.sarif", "report.html")
        return cls(*(folder / name for name in names))


def write_reports(folder: Path, delivery: Delivery) -> Reports:
    """Write every report. Each appears whole or not at all; older ones are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    reports = Reports.within(folder)
    _put(reports.json, delivery.model_dump_json(indent=2).encode() + b"\n")
    _put(reports.markdown, summary(delivery.model_dump(mode="json")).encode())
    _put(reports.junit, junit_xml(delivery))
    _put(reports.sarif, sarif_json(delivery))
    _put(reports.page, report_page(delivery).encode())
    return reports


def _put(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        made = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            made.chmod(0o644)
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)
