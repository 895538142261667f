"""What operators and officers work on, as tests of every database."""

import hashlib
from datetime import timedelta

from ops.bench.histories import NOW
from ops.bench.people import Log, somebody
from ops.read_model.store import Store
from ops.read_model.views import CaseFilter
from schemas.audit import ConsoleAudited
from schemas.base import Event
from schemas.ids import MessageId, derived_id, message_id_of, question_id_of
from schemas.messages import MessageGivenUp, MessageInDoubt
from schemas.operators import OperatorActed
from schemas.outcomes import DraftVoided
from schemas.registry import DayTotalled, TitleAwarded
from streams.dead_letters import dead_letter, packed_dead_letter
from streams.records import NotUnpacked, Outgoing, Record
from tests.read_model import (
    history,
    tell,
    told_of_every_plot,
)

OPERATOR = "operator-3"


def act(log: Log, name: str, kind: str, id_: str, *, minutes: int = 0, **details: object) -> Record:
    event = OperatorActed.model_validate(
        {
            "act": name,
            "object": {"kind": kind, "id": id_},
            "person_id": "a" * 64 if kind in {"case", "decision"} else None,
            "phone_id": "b" * 64 if kind == "message" else None,
            "details": details,
            "reason": "звонил 850101300015",
            "operator": OPERATOR,
        }
    )
    at = NOW + timedelta(minutes=minutes)
    return log.record(event.name, id_, event, at, derived_id(name, id_, str(minutes)), "urn:jardem:console")


def letter(offset: int, outgoing: Outgoing) -> Record:
    return Record("dead-letter.v1", 0, offset, NOW, outgoing.key, outgoing.value, outgoing.headers)


class WorkContract:
    # -- decisions

    async def test_drafts_wait_until_they_are_voided_or_decided(self, store: Store) -> None:
        log = Log()
        cases = [history(number, log) for number in range(3)]
        for case in cases:
            await tell(store, list(case.plays("to_sign")))
        one, other, last = cases
        voided = DraftVoided(decision_id=one.decision_id(), case_id=one.case, reason="withdrawn")
        await tell(store, [one._out(voided, "v")])
        assert {draft.case_id for draft in (await store.queries.drafts(at=NOW)).rows} == {
            other.case,
            last.case,
        }
        await tell(store, [other.moved("granted")])
        (left,) = (await store.queries.drafts(at=NOW)).rows
        assert (left.case_id, left.content, left.iin) == (last.case, None, f"*{last.who.iin[-4:]}")
        whole = await store.queries.draft(last.decision_id(), at=NOW, unmask=True)
        assert whole is not None
        assert whole.content is not None
        assert whole.content["iban"] == last.who.iban
        assert whole.due == last.until
        assert await store.queries.draft(one.decision_id(), at=NOW) is None

    async def test_a_grant_is_unrecorded_until_the_state_corporation_says_it(self, store: Store) -> None:
        records = [record for number in range(20) for record in history(number, Log()).plays("granted")]
        silent = [record for record in records if record.topic != "statecorp.benefit-recorded.v1"]
        await tell(store, silent)
        at = NOW + timedelta(days=40)
        assert len((await store.queries.unrecorded(30, at=at)).rows) == 20
        assert len((await store.queries.unrecorded(60, at=at)).rows) == 0
        told = [record for record in records if record.topic == "statecorp.benefit-recorded.v1"]
        await tell(store, told)
        left = (await store.queries.unrecorded(30, at=at, unmask=True)).rows
        assert len(left) == 20 - len(told)

    async def test_outcomes_of_a_day_and_of_a_year(self, store: Store) -> None:
        await tell(store, told_of_every_plot(Log(), each=2))
        rows = (await store.queries.cases(CaseFilter(), at=NOW, limit=100)).rows
        ended = [row for row in rows if row.outcome]
        days = {row.at.astimezone(store.means.zone).date() for row in ended}
        found = [one for day in days for one in (await store.queries.outcomes(day)).rows]
        assert {one.case_id for one in found} == {row.case_id for row in ended}
        assert {one.refusal_ground for one in found if one.outcome == "refused"} == {4}
        assert sum(row.count for row in await store.queries.year(2026)) == len(ended)
        assert await store.queries.year(2019) == []

    # -- operators

    async def test_dead_letters_are_shown_masked_until_they_are_dealt_with(self, store: Store) -> None:
        bad = Record("registry.death-registered.v1", 1, 5, NOW, b"k", b'{"iin": "850101300016"}', ())
        torn = NotUnpacked("case.inbox.v1", 0, 7, 9, "its checksum is wrong", b"x", "batch")
        log = Log()
        await tell(
            store,
            [
                letter(0, dead_letter(bad, "the check digit of the IIN is wrong")),
                letter(1, packed_dead_letter(torn)),
            ],
        )
        second, first = (await store.queries.dead_letters()).rows
        assert (first.id, first.topic, first.offset, first.redrivable) == (
            "dead-letter.v1/0/0",
            "registry.death-registered.v1",
            5,
            True,
        )
        assert (second.redrivable, first.value) == (False, None)
        whole = await store.queries.dead_letter(first.id)
        assert whole is not None
        assert whole.value == '{"iin": "*0016"}'
        await tell(store, [act(log, "redrive", "dead_letter", first.id)])
        assert [one.id for one in (await store.queries.dead_letters()).rows] == [second.id]
        (done,) = (await store.queries.dead_letters(done=True)).rows
        assert (done.done, done.acts[0].operator) == ("redriven", OPERATOR)
        assert len((await store.queries.dead_letters(done=None, topic="case.inbox.v1")).rows) == 1
        assert (await store.queries.dead_letters(reason="another")).rows == []
        assert await store.queries.dead_letter("dead-letter.v1/0/99") is None

    async def test_a_message_is_in_doubt_until_an_operator_says_what_became_of_it(self, store: Store) -> None:
        case, log = history(1, Log()), Log()
        await tell(store, list(case.plays("doubt")))
        (doubt,) = (await store.queries.doubts(unmask=True)).rows
        assert (doubt.case_id, doubt.what, doubt.phone) == (case.case, "offer", case.who.phone)
        (hidden,) = (await store.queries.doubts()).rows
        assert (hidden.text, hidden.phone) == (None, f"*{case.who.phone[-4:]}")
        await tell(store, [act(log, "not_sent", "message", doubt.message_id)])
        assert (await store.queries.doubts()).rows == []
        later = NOW + timedelta(hours=1)
        again = MessageInDoubt(
            phone=case.who.phone, message_id=message_id_of(question_id_of(case.case, 0)), attempt=2, at=later
        )
        await tell(store, [case._line(again, "again")])
        (anew,) = (await store.queries.doubts()).rows
        assert anew.act is not None
        assert anew.act.act == "not_sent"
        given_up = MessageGivenUp(phone=case.who.phone, message_id=MessageId(anew.message_id), at=later)
        await tell(store, [case._line(given_up, "given up")])
        assert (await store.queries.doubts()).rows == []

    async def test_the_service_is_as_its_acts_left_it(self, store: Store) -> None:
        log = Log()
        await tell(
            store,
            [
                act(log, "daily_sms", "offers", "all", minutes=3, number=100),
                act(log, "pause", "ground", "4-2", minutes=1),
                act(log, "pause", "ground", "7", minutes=1),
                act(log, "resume", "ground", "7", minutes=2),
                act(log, "pilot", "offers", "all", minutes=4, share=5, persons=["a" * 64]),
                act(log, "shadow", "offers", "all", minutes=5),
            ],
        )
        found = await store.queries.service()
        assert (found.paused, found.paused_grounds, found.shadow) == (False, ("4-2",), True)
        assert (found.pilot, found.pilot_share, found.pilot_persons, found.daily_sms) == (True, 5.0, 1, 100)
        await tell(store, [act(log, "end_pilot", "offers", "all", minutes=6)])
        assert not (await store.queries.service()).pilot
        assert (await store.queries.acts()).rows[0].act == "end_pilot"

    async def test_looks_are_found_by_who_and_by_whom(self, store: Store) -> None:
        log, person = Log(), "b" * 64
        looks = [
            ConsoleAudited.model_validate(
                {"who": who, "role": "caseworker", "at": NOW, "what": "looked", "person_id": whom}
            )
            for who, whom in (("aigerim", person), ("daniyar", person), ("aigerim", None))
        ]
        told: list[Event] = list(looks)
        await tell(
            store,
            [
                log.record(one.name, person, one, NOW, f"look-{number}", "urn:jardem:console")
                for number, one in enumerate(told)
            ],
        )
        assert len((await store.queries.looks()).rows) == 3
        assert {one.who for one in (await store.queries.looks(person_id=person)).rows} == {
            "aigerim",
            "daniyar",
        }
        assert len((await store.queries.looks(who="aigerim")).rows) == 2
        assert (await store.queries.looks(who="nobody")).rows == []

    # -- reconciliation

    async def test_a_days_total_is_held_against_what_arrived(self, store: Store) -> None:
        log, ids = Log(), ["award-1", "award-850101300015", "award-3"]
        records = [self._award(log, number, id_) for number, id_ in enumerate(ids)]
        told = b"".join(sorted(id_.encode() + b"\n" for id_ in [*ids, "award-4"]))
        total = DayTotalled(
            topic="registry.title-awarded.v1",
            source="urn:registry",
            day=NOW.date(),
            count=4,
            digest=hashlib.sha256(told).hexdigest(),
        )
        said = log.record(total.name, "t", total, NOW, "total-1", "urn:registry")
        await tell(store, [*records, said])
        (day,) = await store.queries.day_totals(NOW.date(), NOW.date())
        assert (day.count, day.arrived, day.missing, day.digest_matches) == (4, 3, 1, False)
        assert day.outcomes == {"none": 3}
        late = self._award(log, 9, "award-4")
        bad = dead_letter(late, "award_id: wrong")
        await tell(store, [late, letter(0, bad)])
        (day,) = await store.queries.day_totals(NOW.date(), NOW.date())
        assert (day.missing, day.digest_matches, day.dead_letters) == (0, True, 1)

    def _award(self, log: Log, number: int, id_: str) -> Record:
        event = TitleAwarded(
            iin=somebody(number).iin, title="peoples_hero", award_id=f"A-{number}", awarded_on=NOW.date()
        )
        return log.record(event.name, id_, event, NOW, id_, "urn:registry")
