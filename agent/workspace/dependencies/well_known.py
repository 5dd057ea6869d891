"""Writes `well_known.txt` from a table of packages by downloads: `python well_known.py TABLE.tsv > well_known.txt`.

The table has a header line with the columns `name` and one that begins with `rank`, tab-separated; lines without a rank
are left out. Run it again with a newer table when well-known packages are missing.
"""

from __future__ import annotations

import csv
import sys

from packaging.utils import canonicalize_name

MOST = 4000
"""How many names: enough for what people mistype, few enough that a new package is rarely near one of them."""


def main() -> None:
    """Read the table that is named on the command line, and print the names."""
    with open(sys.argv[1], encoding="utf-8", newline="") as table:  # noqa: PTH123 - a script's argument
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    rank = next(column for column in rows[0] if column.startswith("rank"))
    ranked = sorted((int(row[rank]), row["name"]) for row in rows if (row[rank] or "").isdecimal())
    print(f"# The {MOST} most downloaded packages of the Python Package Index, November 2026; made by well_known.py.")
    print("\n".join(sorted({str(canonicalize_name(name)) for _, name in ranked[:MOST]})))


if __name__ == "__main__":
    main()
