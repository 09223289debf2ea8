"""What the cluster would be without one of its safeguards; each must be found out by the simulation.

A mutant changes one thing for the length of a `with` block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from myriad.cluster.entrance import Entrance
from myriad.storage import characters, cuts, leases
from tests.simulation.cluster import Cluster

Change = Callable[[Cluster], None]


def _nothing(cluster: Cluster) -> None:
    pass


@contextmanager
def _patched(*places: tuple[Any, str, Any]) -> Iterator[None]:
    patches = [mock.patch.object(where, name, what) for where, name, what in places]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


@contextmanager
def no_epoch_check() -> Iterator[Change]:
    """The store carries out whatever a zone asks, whoever holds it by now."""
    with _patched(*((module, "fence", lambda *_: None) for module in (leases, characters, cuts))):
        yield _nothing


@contextmanager
def no_target_epoch_check() -> Iterator[Change]:
    """A character may go over to an epoch that is over: only the source's is looked at."""
    with _patched((cuts, "holds", lambda *_: True)):
        yield _nothing


@contextmanager
def no_dedupe_by_transfer() -> Iterator[Change]:
    """Outcomes of departures are not remembered."""
    with _patched((cuts, "outcome", lambda *_: None)):
        yield _nothing


@contextmanager
def no_atomic_cut() -> Iterator[Change]:
    """A cut may stop after the records and before the ledger."""

    def tear(cluster: Cluster) -> None:
        cluster.disk.tears_cuts = True

    yield tear


@contextmanager
def no_memory_of_hops() -> Iterator[Change]:
    """A zone installs whatever it is told to activate, also a second time."""
    with _patched((Entrance, "_was_installed", lambda *_: False)):
        yield _nothing
