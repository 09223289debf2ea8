"""The thread that audits the world all the time, through a store of its own.

Responsible for: driving the auditor, keeping its newest report, and raising the alarm in the log.
Not here: what is compared (`storage/auditor.py`).

Invariant: a store that cannot be reached delays the audit and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol

from myriad.cluster.requests import AuditReport
from myriad.core.clock import Clock
from myriad.core.log_lines import Lines

_LOG = Lines(__name__)

_BETWEEN_READS_S: Final = 0.02
_REOPEN_S: Final = 2.0


class AuditorLike(Protocol):
    """`storage.auditor.Auditor`, or a fake."""

    num_audits: int
    num_alarms: int

    def poll(self, now_ns: int) -> AuditReport | None:
        """One short read; the report, if it has just become complete."""
        ...


class AuditThread:
    """Audits until stopped."""

    def __init__(
        self, open_auditor: Callable[[], AuditorLike], clock: Clock, on_report: Callable[[AuditReport], None]
    ) -> None:
        """`open_auditor` is called on the thread, again after a failure; `on_report` there for each report."""
        self.report: AuditReport | None = None
        """The newest, None until there is one."""
        self.num_audits = 0
        self.num_alarms = 0
        self._open_auditor = open_auditor
        self._clock = clock
        self._on_report = on_report
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ends; False if it did not in time."""
        self._stop.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        auditor: AuditorLike | None = None
        while not self._stop.wait(_BETWEEN_READS_S):
            try:
                auditor = auditor or self._open_auditor()
                self._note(auditor.poll(self._clock.now_ns()))
            except Exception as error:  # whatever the store's library raises
                _LOG.warning("the audit is interrupted: %s", error)
                auditor = None
                self._stop.wait(_REOPEN_S)

    def _note(self, report: AuditReport | None) -> None:
        if report is None:
            return
        self.report = report
        self.num_audits += 1
        self._on_report(report)
        if not report.balanced:
            self.num_alarms += 1
            _LOG.error("the world does not add up: %s", "; ".join(report.problems), problems=len(report.problems))
