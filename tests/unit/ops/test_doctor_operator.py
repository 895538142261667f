"""What the doctor says of an operator: whether it can be reached, and how many workers get a bind."""

import socket
from collections.abc import Iterator

import pytest

from ops.doctor.examine import _operator
from ops.doctor.machine import Verdict
from streams.settings.settings import Settings


@pytest.fixture
def smsc() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield "{}:{}".format(*listening.getsockname()[:2])


def said(address: str, **more: object) -> list[tuple[Verdict, str]]:
    given = {"carrier": "smpp", "smpp_address": address, "sms_from": "1414", **more}
    return [(line.verdict, line.text) for line in _operator(Settings.model_validate(given))]


def test_an_operator_that_listens_is_reached_and_one_that_does_not_is_wrong(smsc: str) -> None:
    assert said(smsc)[0][0] is Verdict.OK
    verdict, text = said("127.0.0.1:1")[0]
    assert verdict is Verdict.WRONG
    assert "127.0.0.1:1 cannot be reached" in text


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "JARDEM_SMPP_BINDS is not set"),
        ({"smpp_binds": 2}, "JARDEM_SMPP_BINDS is 2: more than 2 workers take turns"),
        ({"smpp_binds": 4, "smpp_bind": "pair"}, "JARDEM_SMPP_BINDS is 4: more than 2 workers take turns"),
        ({"smpp_binds": 8, "smpp_bind": "pair"}, None),
        ({"smpp_binds": 4}, None),
    ],
)
def test_the_binds_are_counted_against_the_workers_that_there_may_be(
    more: dict[str, object], told: str | None, smsc: str
) -> None:
    lines = [text for _, text in said(smsc, **more) if "BINDS" in text]
    assert lines == [] if told is None else [line.startswith(told) for line in lines] == [True]


def test_citizens_pay_nothing_is_asked_of_the_operator(smsc: str) -> None:
    assert any("1414" in text and "R15" in text for _, text in said(smsc))


def test_nothing_is_said_of_an_operator_where_there_is_none() -> None:
    assert list(_operator(Settings())) == []
