"""Reports as bounded text: what is wrong first, then how much more there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tools.reports import TestCase, TestReport, ToolReport

LIMIT = 6000
"""Characters, where a caller has no wish of its own."""
_BAD = ("error", "failed")
_LONGEST_MESSAGE = 1500
_UNCOVERED_FILES = 10


def render(report: ToolReport | TestReport, limit: int = LIMIT) -> str:
    """A report for a reader with little room, of at most `limit` characters; failures first."""
    return _render_tests(report, limit) if isinstance(report, TestReport) else _render_tool(report, limit)


def _render_tool(report: ToolReport, limit: int) -> str:
    if report.crashed:
        return clipped(f"did not run:\n{report.crashed}", limit)
    if not report.findings:
        return "nothing found"
    return _bounded(f"{_count(len(report.findings), 'finding')}:", [str(one) for one in report.findings], limit)


def _render_tests(report: TestReport, limit: int) -> str:
    counts = [
        f"{number} {outcome}"
        for outcome in (*_BAD, "skipped", "passed")
        if (number := sum(case.outcome == outcome for case in report.cases))
    ]
    covered = "" if report.covered_percent is None else f"; {report.covered_percent:.1f} % covered"
    title = (", ".join(counts) or "no test ran") + covered
    if report.crashed:
        title = f"the tests did not run to their end ({title}):\n{clipped(report.crashed, limit // 2)}"
    return _bounded(title, [*_failures(report.cases), *_uncovered(report)], limit)


def _failures(cases: Iterable[TestCase]) -> list[str]:
    bad = [case for case in cases if case.outcome in _BAD]
    return [f"{case.outcome} {case.name}\n{clipped(case.message, _LONGEST_MESSAGE)}" for case in bad]


def _uncovered(report: TestReport) -> list[str]:
    most = sorted(report.uncovered.items(), key=lambda item: len(item[1]), reverse=True)[:_UNCOVERED_FILES]
    return [f"not covered: {file}: {_ranges(lines)}" for file, lines in most]


def _ranges(lines: Sequence[int]) -> str:
    """`3-5, 9` for 3, 4, 5, 9."""
    spans: list[tuple[int, int]] = []
    for line in sorted(lines):
        if spans and line == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], line)
        else:
            spans.append((line, line))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def clipped(text: str, limit: int) -> str:
    """A text's first and last part, where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    notice = f"\n[... {len(text) - limit} characters left out ...]\n"
    half = max(0, (limit - len(notice)) // 2)
    return (text[:half] + notice + text[len(text) - half :])[:limit]


def _bounded(title: str, parts: Sequence[str], limit: int) -> str:
    text = clipped(title, limit)
    for index, part in enumerate(parts):
        rest = f"\n[... {len(parts) - index} more]"
        if len(text) + 1 + len(part) + len(rest) > limit:
            return clipped(text + rest, limit)
        text += f"\n{part}"
    return text


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
