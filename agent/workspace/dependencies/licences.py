"""Which licence a package states, and whether it is permitted. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import Metadata

_CLASSIFIED = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "zlib/libpng License": "Zlib",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.0-or-later",
    "GNU General Public License (GPL)": "GPL-1.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
}
_WRITTEN = {
    "mit license": "MIT",
    "the mit license": "MIT",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "psf": "PSF-2.0",
    "mpl 2.0": "MPL-2.0",
}
_TOKEN = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True, slots=True)
class Licence:
    """What a package says about itself."""

    expression: str
    """An SPDX expression; empty when nothing that is stated can be read as one."""
    stated: str
    """What it states, for a message; empty when it states nothing."""


def licence_of(metadata: Metadata) -> Licence:
    """The licence expression, else the classifiers (all hold), else the free text where it names one licence."""
    stated = metadata.license_expression or (metadata.license or "").strip()
    classified = [line.rpartition(" :: ")[2] for line in metadata.classifiers or () if line.startswith("License ::")]
    if not metadata.license_expression and classified:
        known = [_CLASSIFIED.get(one, "") for one in classified]
        return Licence(" AND ".join(known) if all(known) else "", ", ".join(classified))
    first = next(iter(stated.splitlines()), "")[:100]
    try:
        return Licence(str(canonicalize_license_expression(_WRITTEN.get(first.lower(), first))), first)
    except InvalidLicenseExpression:
        return Licence("", first)


def permitted(expression: str, licences: Collection[str]) -> bool:
    """True when the expression can be kept with these licences alone; exceptions (`WITH`) only add to a licence."""
    tokens = iter([*_TOKEN.findall(expression), ""])
    return bool(expression) and _either(tokens, licences)[0]


def _either(tokens: Iterator[str], licences: Collection[str]) -> tuple[bool, str]:
    holds, following = _both(tokens, licences)
    while following == "OR":
        other, following = _both(tokens, licences)
        holds = holds or other
    return holds, following


def _both(tokens: Iterator[str], licences: Collection[str]) -> tuple[bool, str]:
    holds, following = _one(tokens, licences)
    while following == "AND":
        other, following = _one(tokens, licences)
        holds = holds and other
    return holds, following


def _one(tokens: Iterator[str], licences: Collection[str]) -> tuple[bool, str]:
    token = next(tokens)
    holds = _either(tokens, licences)[0] if token == "(" else token.removesuffix("+") in licences
    following = next(tokens)
    if following == "WITH":
        next(tokens)
        following = next(tokens)
    return holds, following
