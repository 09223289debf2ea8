"""`myriad settings`: the table of settings."""

from __future__ import annotations


def run() -> None:
    """Print every setting: flag, unit, default, range, meaning."""
    from myriad.cli.documents import settings_page

    print(settings_page(), end="")
