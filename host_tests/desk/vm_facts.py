"""The documents' tables in facts/, for the tests of the virtual module."""

from __future__ import annotations

import csv

import kit


def table(name: str) -> list[dict[str, str]]:
    """The rows of one table."""
    with open(kit.path("facts/%s.csv" % name), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
