"""Every seeded defect fits the service that it is put into, and is aimed at rules that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import InputError
from agent.rulebook.loading import load_rulebook
from evals.defects.collection import Defect, all_defects
from evals.defects.services import SERVICES, opened


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where each good service lies; what the blueprint writes is written for it."""
    found: dict[str, Path] = {}
    for service in SERVICES.values():
        with opened(service, tmp_path_factory.mktemp("good")) as good:
            found[service.name] = good.folder
    return found


@pytest.mark.parametrize("defect", all_defects(), ids=lambda defect: defect.name)
def test_a_defect_fits(defect: Defect, folders: dict[str, Path]) -> None:
    changed = defect.files(folders[defect.service])
    assert changed
    assert defect.rules <= load_rulebook().rules.keys()
    for path, content in changed.items():
        before = folders[defect.service] / path
        assert content != (before.read_text() if before.exists() else None)


@pytest.mark.parametrize("text", ["", "Title\n\n--- a\n+++ a\n@@\n-b\n", "Title\nFails: MIG-VCS:files\n"])
def test_a_defect_without_title_obligation_or_patch_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "notes" / "lint").mkdir(parents=True)
    (tmp_path / "notes" / "lint" / "odd.patch").write_text(text)
    with pytest.raises(InputError, match="expected a title"):
        all_defects(tmp_path)
