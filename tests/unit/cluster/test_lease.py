from __future__ import annotations

from myriad.cluster.lease import RETRY_NS, LeaseKeeper

MS = 1_000_000


def keeper() -> LeaseKeeper:
    lease = LeaseKeeper(ttl_ms=1000, renew_ns=200 * MS)
    lease.start(asked_ns=0)
    return lease


def test_nobody_speaks_before_the_lease_was_granted() -> None:
    lease = LeaseKeeper(ttl_ms=1000, renew_ns=200 * MS)
    assert not lease.may_speak(0)
    assert not lease.renewal_due(10_000 * MS)


def test_the_deadline_counts_from_before_the_request_was_sent() -> None:
    lease = keeper()
    assert lease.may_speak(999 * MS)
    assert not lease.may_speak(1000 * MS)
    assert lease.renewal_due(300 * MS)
    lease.renewed()  # answered much later: the deadline is that of the question
    assert lease.may_speak(1299 * MS)
    assert not lease.may_speak(1300 * MS)


def test_one_renewal_is_under_way_at_a_time() -> None:
    lease = keeper()
    assert not lease.renewal_due(199 * MS)
    assert lease.renewal_due(200 * MS)
    assert not lease.renewal_due(900 * MS)
    lease.renewed()
    assert lease.renewal_due(400 * MS)


def test_a_store_that_does_not_answer_is_asked_again_soon_and_the_zone_speaks_until_the_deadline() -> None:
    lease = keeper()
    assert lease.renewal_due(200 * MS)
    lease.unanswered(500 * MS)
    assert not lease.renewal_due(500 * MS)
    assert lease.renewal_due(500 * MS + RETRY_NS)
    assert lease.may_speak(999 * MS)
    assert not lease.may_speak(1000 * MS)


def test_a_silent_zone_whose_epoch_is_still_its_own_speaks_again() -> None:
    lease = keeper()
    assert lease.renewal_due(5000 * MS)
    assert not lease.may_speak(5000 * MS)
    lease.renewed()
    assert lease.may_speak(5999 * MS)
    assert not lease.may_speak(6000 * MS)


def test_fenced_is_for_good() -> None:
    lease = keeper()
    assert lease.renewal_due(200 * MS)
    lease.fence()
    lease.renewed()
    assert not lease.may_speak(300 * MS)
    assert not lease.renewal_due(5000 * MS)
    assert lease.fenced
