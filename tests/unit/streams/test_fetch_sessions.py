"""Fetch sessions: what a broker is told, request by request."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11

from streams.transport.fetch_sessions import FetchSession


def whole(**offsets: int) -> FetchRequest:
    return FetchRequest(500, 1, 1000, 1, [("in", [(int(name[1:]), at, 100) for name, at in offsets.items()])])


def answer(session_id: int = 7, error_code: int = 0, version: int = 11) -> Any:
    return SimpleNamespace(API_VERSION=version, session_id=session_id, error_code=error_code)


def told(session: FetchSession, request: FetchRequest) -> dict[str, Any]:
    """What a broker reads; and it answers."""
    own = session.request(request)
    read = FetchRequest_v11.decode(own.build(FetchRequest_v11).encode())
    session.answered(own, answer())
    return {
        "session": (read.session_id, read.session_epoch),
        "asked": {number: offset for _, asked in read.topics for number, _, offset, *_ in asked},
        "forgotten": [number for _, numbers in read.forgotten_topics_data for number in numbers],
    }


def test_the_first_request_names_all_and_the_next_what_has_changed() -> None:
    session = FetchSession()
    first = told(session, whole(p0=5, p1=6))
    assert first == {"session": (0, 0), "asked": {0: 5, 1: 6}, "forgotten": []}
    assert told(session, whole(p0=5, p1=6)) == {"session": (7, 1), "asked": {}, "forgotten": []}
    assert told(session, whole(p0=5, p1=9)) == {"session": (7, 2), "asked": {1: 9}, "forgotten": []}


def test_what_is_left_out_is_forgotten_and_named_anew_when_it_comes_again() -> None:
    session = FetchSession()
    told(session, whole(p0=5, p1=6))
    assert told(session, whole(p0=5)) == {"session": (7, 1), "asked": {}, "forgotten": [1]}
    assert told(session, whole(p0=5, p1=6)) == {"session": (7, 2), "asked": {1: 6}, "forgotten": []}


@pytest.mark.parametrize("why", ["forgotten by the broker", "no room for it", "no answer"])
def test_a_session_that_is_lost_begins_anew(why: str) -> None:
    session = FetchSession()
    told(session, whole(p0=5))
    request = session.request(whole(p0=5))
    match why:
        case "forgotten by the broker":
            session.answered(request, answer(error_code=70))
        case "no room for it":
            session.answered(request, answer(session_id=0))
        case _:
            session.lost()
    assert told(session, whole(p0=5)) == {"session": (0, 0), "asked": {0: 5}, "forgotten": []}


def test_a_broker_that_knows_no_sessions_is_told_everything_each_time() -> None:
    session = FetchSession()
    for _ in range(2):
        request = session.request(whole(p0=5))
        read = FetchRequest_v4.decode(request.build(FetchRequest_v4).encode())
        assert read.topics == [("in", [(0, 5, 100)])]
        session.answered(request, answer(version=4))
