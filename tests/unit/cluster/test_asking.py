from __future__ import annotations

from myriad.cluster.asking import Asking
from myriad.cluster.lease import RETRY_NS
from myriad.cluster.requests import Answer, Done, WantZone, ZoneKey

FIRST, SECOND = WantZone(ZoneKey("a")), WantZone(ZoneKey("b"))


class Answers:
    def __init__(self) -> None:
        self.seen: list[Answer | None] = []

    def __call__(self, answer: Answer | None, now_ns: int) -> None:
        self.seen.append(answer)


def test_requests_go_out_in_order_once_the_zone_may_speak() -> None:
    asking = Asking()
    asking.ask(FIRST, Answers())
    asking.ask(SECOND, Answers())
    asking.poll(0, may_speak=False)
    assert asking.take() == []
    asking.poll(0, may_speak=True)
    assert [request for _, request in asking.take()] == [FIRST, SECOND]
    assert asking.take() == []


def test_a_request_without_an_answer_is_made_again_until_it_has_one() -> None:
    asking, answers = Asking(), Answers()
    asking.ask(FIRST, answers)
    asking.poll(0, may_speak=True)
    [(number, _)] = asking.take()
    asking.answer(number, None, 0)
    asking.poll(RETRY_NS - 1, may_speak=True)
    assert asking.take() == []
    asking.poll(RETRY_NS, may_speak=True)
    [(again, request)] = asking.take()
    assert request is FIRST and again != number
    asking.answer(again, Done(), RETRY_NS)
    assert answers.seen == [Done()]
    assert asking.num_repeated == 1


def test_what_is_asked_once_goes_out_in_silence_too_and_may_stay_unanswered() -> None:
    asking, answers = Asking(), Answers()
    asking.ask_once(FIRST, answers)
    [(number, _)] = asking.take()
    asking.answer(number, None, 0)
    asking.poll(10 * RETRY_NS, may_speak=True)
    assert asking.take() == []
    assert answers.seen == [None]


def test_an_answer_counts_once() -> None:
    asking, answers = Asking(), Answers()
    asking.ask_once(FIRST, answers)
    [(number, _)] = asking.take()
    for _ in range(2):
        asking.answer(number, Done(), 0)
    asking.answer(number + 1, Done(), 0)
    assert answers.seen == [Done()]
