"""Decisions signed with an officer's own key: the page holds what is signed, and takes nothing else."""

import json
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
import pytest_asyncio

from schemas.emaket import DecisionSigned
from tests.browser.console import told as run
from tests.officers import jwk, jws
from tests.unit.console_pages.conftest import Told
from tests.unit.console_pages.html import read
from tests.unit.console_pages.test_acting import confirming, events
from tests.unit.console_pages.test_pages import a_draft

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keyed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    folder = tmp_path_factory.mktemp("keyed")
    ours: dict[str, Any] = {
        "jardem_officer": "officer",
        "jardem_from": "2026-01-01T00:00:00Z",
        "jardem_until": "2028-01-01T00:00:00Z",
    }
    keys = folder / "officers.json"
    keys.write_text(json.dumps({"keys": [jwk("EdDSA", **ours), jwk("ES256", **ours)]}))
    async with run(folder, 120, officer_keys=keys) as (running, log):
        yield Told(running, log, {})


def to_sign(text: str) -> bytes:
    begun = text.partition('id="signed-bytes"')[2].partition(">")[2]
    return unescape(begun.partition("</textarea>")[0]).encode()


async def test_what_is_signed_elsewhere_is_what_the_page_shows(keyed: Told) -> None:
    decision_id = await a_draft(keyed)
    path, before = f"/decisions/{decision_id}/sign", len(keyed.running.broker.sent)
    asked = await keyed.post("officer", path, outcome="granted", refusal_ground="")
    content = to_sign(asked.text)
    assert json.loads(content)["officer"] == "officer"
    assert read(asked.text).faults() == []
    assert keyed.running.broker.looks[-1].what == "unmasked"
    fields = confirming(asked)
    done = await keyed.post("officer", path, **fields, signature=jws("EdDSA", content, detached=True))
    assert done.status_code == 303, read(done.text).text
    [(_, event)] = events(keyed, before, DecisionSigned.name)
    assert event["decision_id"] == decision_id
    assert event["signature"]


@pytest.mark.parametrize(
    "signature",
    ["", "nonsense", jws("EdDSA", b"something else", detached=True)],
    ids=["none", "nonsense", "over other bytes"],
)
async def test_a_signature_that_is_not_right_is_said_and_nothing_is_sent(keyed: Told, signature: str) -> None:
    path, before = f"/decisions/{await a_draft(keyed)}/sign", len(keyed.running.broker.sent)
    asked = await keyed.post("officer", path, outcome="granted", refusal_ground="")
    fields = confirming(asked)
    wrong = await keyed.post("officer", path, **fields, signature=signature)
    assert wrong.status_code == 422
    assert "The signature isn't right" in read(wrong.text).text
    assert to_sign(wrong.text) == to_sign(asked.text)
    assert events(keyed, before, DecisionSigned.name) == []


@pytest.mark.parametrize("signed_at", ["yesterday", "", "2026-11-26"])
async def test_an_instant_that_somebody_changed_is_said(keyed: Told, signed_at: str) -> None:
    path = f"/decisions/{await a_draft(keyed)}/sign"
    answer = await keyed.post("officer", path, outcome="granted", refusal_ground="", signed_at=signed_at)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


async def test_who_may_not_sign_does_not_see_what_is_signed(keyed: Told) -> None:
    decision_id = await a_draft(keyed)
    for role in ("viewer", "caseworker", "operator"):
        for path in (f"/decisions/{decision_id}/sign", f"/decisions/{decision_id}/unmask"):
            answer = await keyed.post(role, path, outcome="granted", refusal_ground="")
            assert answer.status_code == 403
            assert "evidence" not in answer.text
        assert (await (await keyed.as_(role)).get(f"/decisions/{decision_id}")).status_code == 403
