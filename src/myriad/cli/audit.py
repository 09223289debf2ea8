"""`myriad audit`: does everything in a world add up?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from myriad.cli.flags import with_settings
from myriad.core.settings import Settings, table

if TYPE_CHECKING:
    from rich.console import Console

    from myriad.cluster.requests import AuditReport

_OTHERS: Final = tuple(row.name for row in table(Settings) if row.name not in ("data", "store"))


@with_settings(Settings, without=_OTHERS)
def run(settings: Settings) -> int:
    """Add up a running or stopped world: exit code 0 if minted - burned = held and all else agrees, 1 if not."""
    import secrets
    import time

    from rich.console import Console

    from myriad.cluster import requests
    from myriad.core.errors import EXIT_FAILED, EXIT_OK
    from myriad.storage.port import open_store

    store = open_store(
        settings.store or settings.data,
        wall_ms=lambda: time.time_ns() // 1_000_000,
        random_bytes=secrets.token_bytes,
        create=False,
    )
    try:
        (report,) = store.execute([requests.Audit()])
    finally:
        store.close()
    assert isinstance(report, requests.AuditReport)
    _show(Console(), report)
    return EXIT_OK if report.balanced else EXIT_FAILED


def _show(console: Console, report: AuditReport) -> None:
    """A row for each asset, then what does not add up."""
    from rich.table import Table

    assets = Table(title=f"{report.num_entries:,} entries")
    for heading in ("asset", "minted", "burned", "held", "too many"):
        assets.add_column(heading, justify="right")
    for asset in sorted({*report.minted, *report.burned, *report.held}):
        minted, burned, held = (amounts.get(asset, 0) for amounts in (report.minted, report.burned, report.held))
        name = "coins" if asset == 0 else f"{asset}"
        assets.add_row(name, f"{minted:,}", f"{burned:,}", f"{held:,}", f"{held - minted + burned:,}")
    console.print(assets)
    for problem in report.problems:
        console.print(problem, markup=False, highlight=False)
    console.print("balanced" if report.balanced else f"{len(report.problems)} things do not add up")
