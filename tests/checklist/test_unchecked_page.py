"""`docs/benchmarks.md` names the rules that no check settles, all of them and no others."""

from __future__ import annotations

import re
from pathlib import Path

from agent.checklist.checklist import settled_by
from agent.rulebook.loading import load_rulebook

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def test_the_page_lists_the_rules_without_a_check() -> None:
    _, _, section = PAGE.read_text().partition("\n## Rules without a check\n")
    listed = re.findall(r"^\| ([A-Z]+-[A-Z-]+) \|", section.partition("\n## ")[0], re.MULTILINE)
    unchecked = load_rulebook().rules.keys() - settled_by().keys()
    assert sorted(listed) == sorted(unchecked)
    assert f"They are {len(unchecked)}:" in section
