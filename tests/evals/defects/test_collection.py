"""Every seeded defect fits the service that it is put into, and is aimed at rules that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import InputError
from agent.rulebook.loading import load_rulebook
from evals.defects.collection import SERVICES, Defect, all_defects


@pytest.mark.parametrize("defect", all_defects(), ids=lambda defect: defect.name)
def test_a_defect_fits(defect: Defect) -> None:
    changed = defect.files(SERVICES / defect.service)
    assert changed
    assert defect.rules <= load_rulebook().rules.keys()
    for path, content in changed.items():
        before = SERVICES / defect.service / path
        assert content != (before.read_text() if before.exists() else None)


@pytest.mark.parametrize("text", ["", "Title\n\n--- a\n+++ a\n@@\n-b\n", "Title\nFails: MIG-VCS:files\n"])
def test_a_defect_without_title_obligation_or_patch_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "notes" / "lint").mkdir(parents=True)
    (tmp_path / "notes" / "lint" / "odd.patch").write_text(text)
    with pytest.raises(InputError, match="expected a title"):
        all_defects(tmp_path)
