"""The page in a real browser: it fits a phone and a desk, and follows the reader's choice of light or dark."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.delivery.page.rendering import report_page
from tests.delivery.examples import SAME, delivery, verdict
from tests.delivery.page.test_rendering import ATTACKS, hostile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (390, 1280)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")

_MEASURE = """
const told = [...document.querySelectorAll("iframe")].map(frame => {
  const page = frame.contentDocument, style = frame.contentWindow.getComputedStyle(page.body);
  return {
    width: page.documentElement.scrollWidth, room: page.documentElement.clientWidth,
    ground: style.backgroundColor, ink: style.color,
    foreign: page.querySelectorAll("script, img, iframe").length,
    verdict: page.querySelector(".verdict").getBoundingClientRect().top,
    text: page.querySelector("h1").textContent,
  };
});
document.body.textContent = JSON.stringify(told);
"""


def shown(pages: list[str], scheme: int, folder: Path) -> list[dict[str, Any]]:
    """What a browser makes of each page at each width; `scheme` is Chromium's number for dark (0) and light (1)."""
    frames = "".join(
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{html.escape(page)}"></iframe>'
        for page in pages
        for width in WIDTHS
    )
    file = folder / "pages.html"
    file.write_text(f"<!doctype html><body>{frames}<script>onload = () => {{{_MEASURE}}}</script>", encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    options += [f"--blink-settings=preferredColorScheme={scheme}", "--virtual-time-budget=5000", "--dump-dom"]
    assert CHROMIUM is not None
    done = subprocess.run([CHROMIUM, *options, file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r"<body>(\[.*\])</body>", done.stdout, re.DOTALL)
    assert found, done.stdout[:500] + done.stderr[-500:]
    measured: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return measured


def brightness(colour: str) -> float:
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3


@pytest.mark.parametrize(("scheme", "dark"), [(0, True), (1, False)], ids=["dark", "light"])
def test_the_page_fits_and_follows_the_reader(scheme: int, dark: bool, tmp_path: Path) -> None:
    attack = " ".join(ATTACKS)
    pages = [report_page(delivery(outcome="incomplete", verdict=verdict(*SAME))), report_page(hostile(attack))]
    told = shown(pages, scheme, tmp_path)
    for one, width in zip(told, [*WIDTHS, *WIDTHS], strict=True):
        assert one["width"] == one["room"] <= width, "nothing has to be scrolled sideways"
        assert (brightness(one["ground"]) < 60) is dark
        assert abs(brightness(one["ground"]) - brightness(one["ink"])) > 150
        assert one["foreign"] == 0
        assert one["verdict"] < 100
    assert told[0]["text"] == "Bookshop API"
