"""From an OpenAPI document to a contract, or to every reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.contract.bundling import Bundle, bundle, project_root
from agent.contract.cache import digest_of, keep, kept
from agent.contract.lenience import mended, mended_version
from agent.contract.model import Contract
from agent.contract.reading import read_contract
from agent.contract.rules import head_problems, reference_problems, rule_problems, version_problems
from agent.contract.source import SourceFile, inline_source, read_bytes, read_source
from agent.contract.validity import dialect_problems, semantic_problems, structural_problems
from agent.errors import ContractError, Problem

Stage = Callable[[Bundle], tuple[Problem, ...]]


def load_contract(source: Path | Mapping[str, Any], *, cache: Path | None = None, strict: bool = False) -> Contract:
    """The contract of an OpenAPI 3.0 or 3.1 document, YAML or JSON, in one file or in many.

    References are followed into files of the same project folder (the git repository that holds the document, else
    the document's own folder); remote ones are refused and never fetched. With `cache`, a document that was found
    valid is not checked again as long as none of its files changes.

    A document that is slightly invalid but clear in meaning is read as it is meant, which `Contract.notes` tells; with
    `strict` it is refused.

    Raises ContractError with every problem found, each with file, line and JSON pointer.
    """
    if isinstance(source, Mapping):
        return _loaded(inline_source(source), None, cache, strict)
    path = source.resolve()
    raw = read_bytes(path, source.name)
    known = kept(cache, path, raw) if cache else None
    if known is not None:
        return read_contract(known.document, known.digest)
    return _loaded(read_source(path, source.name), project_root(path), cache, strict)


def read_described(document: Mapping[str, Any]) -> Contract:
    """The contract of a document that somebody's code described: checked only as far as reading it needs.

    It may declare no operations, use an operationId twice, or name what it does not declare. Raises ContractError when
    it is no OpenAPI 3.0 or 3.1 document, or its references lead nowhere.
    """
    main = inline_source({"paths": {}, **document})
    problems = version_problems(main.data, main.place)
    if problems:
        raise ContractError(problems)
    whole = _checked(main, None, (structural_problems, reference_problems, dialect_problems))
    return read_contract(whole.document, main.digest)


def _loaded(main: SourceFile, root: Path | None, cache: Path | None, strict: bool) -> Contract:
    data, note = (main.data, "") if strict else mended_version(main.data)
    notes = [Problem(main.place(("openapi",)), note)] if note else []
    main = replace(main, data=data) if note else main
    problems = head_problems(main.data, main.place)
    if problems:
        raise ContractError(problems)
    try:
        whole = _checked(main, root, _STAGES)
    except ContractError:
        if strict:
            raise
        whole, mends = _mended(main, root)
        notes += mends
    if cache is not None and main.path is not None and not notes:
        keep(cache, whole)
    names = {"" if file is main else file.name: file.raw for file in whole.files}
    contract = read_contract(whole.document, digest_of(names))
    return replace(contract, notes=tuple(map(str, notes)))


_STAGES: tuple[Stage, ...] = (structural_problems, rule_problems, semantic_problems)


def _mended(main: SourceFile, root: Path | None) -> tuple[Bundle, tuple[Problem, ...]]:
    """The document as it is meant, and what was assumed; raises ContractError with what is still wrong then."""
    notes: tuple[Problem, ...] = ()

    def mend(whole: Bundle) -> Bundle:
        nonlocal notes
        whole, notes = mended(whole)
        return whole

    return _checked(main, root, _STAGES, mend), notes


def _checked(
    main: SourceFile, root: Path | None, stages: tuple[Stage, ...], mend: Callable[[Bundle], Bundle] = lambda one: one
) -> Bundle:
    """The bundle; each stage looks only at what passed the one before."""
    try:
        whole = mend(bundle(main, root))
        for stage in stages:
            problems = stage(whole)
            if problems:
                raise ContractError(problems)
    except RecursionError:
        problem = Problem(main.name, "is nested too deeply to be checked; give inner schemas names")
        raise ContractError([problem]) from None
    return whole
