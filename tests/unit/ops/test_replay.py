"""What a replay finds, over topics that hold what the real desk has told."""

import json
import os
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka.errors import GroupAuthorizationFailedError

from agents.bootstrap import case_policy
from agents.desks import case_desk
from ops import handled
from ops.replay import recorded
from ops.replay.told import TOPICS
from ops.topic_records import Item, Read
from rules.person import Person
from schemas.base import Event
from schemas.cloudevents import encode, wrap
from schemas.emaket import DecisionSigned
from schemas.ids import (
    SERVICE,
    CaseId,
    DecisionId,
    MessageId,
    Pseudonyms,
    QuestionId,
    Sid,
    case_id_of,
    question_id_of,
)
from schemas.operators import ActObject, OperatorActed
from schemas.portal import PhoneRegistered
from schemas.questions import AccountGiven, Answer, Consent, Decline, QuestionAnswered, QuestionSent
from schemas.registry import TitleAwarded
from schemas.values import Language
from streams.dead_letters import UnreadableRecordError
from streams.records import NotUnpacked, Outgoing, Record
from streams.settings.settings import DEMO_PSEUDONYM_KEY, Settings
from streams.topics import CASE_INBOX, SMS_INBOX
from tests.command import run
from tests.documents import IBAN, IIN

PSEUDONYMS = Pseudonyms(DEMO_PSEUDONYM_KEY.encode())
PERSON = PSEUDONYMS.person(IIN)
CASE = case_id_of(PERSON, "award", "A")
OFFER, ACCOUNT = question_id_of(CASE, 0), question_id_of(CASE, 1)
NOON = datetime(2021, 7, 22, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ORDER, DRAFT = "order-225-2021/1", "social-code-2023/0"
PHONE = PhoneRegistered(iin=IIN, phone="+77011234567", registered_at=NOON - timedelta(days=9))
TITLE = TitleAwarded.model_validate(
    {"iin": IIN, "title": "peoples_hero", "award_id": "A", "awarded_on": "2021-07-19"}
)


class Installation:
    """The topics, and the desk that writes to them what it makes of its inbox, a second after it came."""

    def __init__(self, start: datetime = NOON) -> None:
        self.topics: dict[str, list[Item]] = {name: [] for name in (*TOPICS, CASE_INBOX)}
        self.begins: dict[tuple[str, int], int] = {}
        self.handled: dict[tuple[str, int], int] = {}
        self.now = start
        self._sharing = case_desk(case_policy(Settings()), PSEUDONYMS)
        self._desk = self._sharing.desk
        self._service = self._sharing.empty(SERVICE.encode())
        self._person: Person = self._desk.empty(PERSON.encode())

    def reads(self, *events: Event) -> None:
        for event in events:
            headers, value = encode(
                wrap(event, id_=f"e{len(self.inbox)}", source="test", time=self.now, extensions={})
            )
            self.put(Outgoing(CASE_INBOX, PERSON.encode(), value, headers))

    def put(self, sent: Outgoing, *, handle: bool = True) -> None:
        """Put a record into the inbox, and let the desk handle it."""
        record = self._append(sent)
        if handle:
            try:
                _, event = self._desk.read(record)
                read_at = self.now + timedelta(seconds=1)
                if sent.key == SERVICE.encode():
                    self._service, effects = self._sharing.apply(self._service, event, read_at)
                else:
                    self._person, effects = self._desk.apply(self._person, event, read_at, self._service)
            except UnreadableRecordError:
                return
            for effect in effects:
                if effect.topic in self.topics:
                    self._append(effect)

    def _append(self, sent: Outgoing) -> Record:
        held = self.topics[sent.topic]
        record = Record(sent.topic, 0, len(held), self.now, sent.key, sent.value, sent.headers)
        held.append(record)
        return record

    def acts(self, act: str) -> None:
        """An operator acts on the whole service, and whoever waits for that is told."""
        said = OperatorActed(
            act=act, object=ActObject(kind="offers", id="all"), reason="so it was said", operator="o"
        )
        headers, value = encode(wrap(said, id_=act, source="console", time=self.now, extensions={}))
        self.put(Outgoing(CASE_INBOX, SERVICE.encode(), value, headers))
        shared = self._sharing.shared
        revision = shared.revision(self._service)
        if revision and shared.seen(self._person) is not None:
            self.put(self._desk.elapsed(PERSON.encode(), revision))

    def elapses(self) -> None:
        """The next deadline comes."""
        wait = min(self._desk.deadlines(self._person), key=lambda each: each.at)
        self.now = max(self.now, wait.at)
        self.put(self._desk.elapsed(PERSON.encode(), wait))

    def sent(self, question: QuestionId) -> None:
        self.now += MINUTE
        self.reads(
            QuestionSent(
                question_id=question,
                case_id=CASE,
                person_id=PERSON,
                message_id=MessageId("m"),
                text="the text",
                sent_at=self.now,
            )
        )

    def hears(self, answer: Answer, question: QuestionId, text: str = "as written") -> None:
        self.now += MINUTE
        self.reads(
            QuestionAnswered(
                question_id=question,
                case_id=CASE,
                person_id=PERSON,
                answer=answer,
                text=text,
                message_id=Sid(f"IN{len(self.inbox)}"),
                received_at=self.now,
            )
        )

    @property
    def inbox(self) -> list[Item]:
        return self.topics[CASE_INBOX]

    def forgets(self, topic: str, count: int) -> None:
        """The topic's beginning is deleted."""
        del self.topics[topic][:count]
        self.begins[topic, 0] = count

    def granted(self, text: str = "as written") -> None:
        self.reads(PHONE, TITLE)
        self.elapses()
        self.sent(OFFER)
        self.hears(Consent(language=Language.KAZAKH), OFFER, text)
        self.sent(ACCOUNT)
        self.hears(AccountGiven(iban=IBAN), ACCOUNT)


Started = Callable[..., Installation]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Started:
    for name in list(os.environ):
        if name.startswith("JARDEM_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JARDEM_KAFKA", "127.0.0.1:1")

    def started(at: datetime = NOON) -> Installation:
        made = Installation(at)

        def read(_: Settings, names: Collection[str], take: Callable[[Item], None]) -> Read:
            for name in names:
                for item in made.topics[name]:
                    take(item)
            return Read({(name, 0): made.begins.get((name, 0), 0) for name in names}, ())

        monkeypatch.setattr(recorded, "read_topics", read)
        monkeypatch.setattr(recorded, "handled_up_to", lambda *_: made.handled)
        return made

    return started


@pytest.fixture
def granted(start: Started) -> Installation:
    made = start()
    made.granted()
    return made


def replay(*arguments: str, case: str = CASE, **variables: str) -> tuple[int, list[str]]:
    code, said = run("case", "replay", case, *arguments, given=b"", **variables)
    return code, said.splitlines()


def found(*arguments: str, **variables: str) -> Any:
    _, said = replay("--json", *arguments, **variables)
    return json.loads(said[-1])


def test_what_was_told_is_told_again(granted: Installation) -> None:
    code, said = replay()
    assert (code, said[-1]) == (0, "nothing differs")
    assert (
        said[0] == f"case {CASE}: {len(granted.inbox)} events of its person, again under the rules of the day"
    )
    assert "term_policy exclusive_roll" in said[1]
    assert found()["verdict"] == "same"


def test_a_case_that_waited_for_the_service_waits_again_and_goes_on(start: Started) -> None:
    made = start()
    made.acts("pause")
    made.reads(PHONE, TITLE)
    made.elapses()
    made.acts("resume")
    code, said = replay()
    assert (code, said[-1]) == (0, "nothing differs")
    # Of what the operators said nothing is left: the offer would have left at once.
    made.topics[CASE_INBOX] = [
        item for item in made.inbox if not isinstance(item, Record) or item.key != SERVICE.encode()
    ]
    assert replay()[0] == 1


def test_a_repeat_in_the_inbox_changes_nothing_again(granted: Installation) -> None:
    for item in list(granted.inbox):
        assert isinstance(item, Record)
        repeated = Outgoing(CASE_INBOX, item.key, item.value, item.headers)
        granted.put(repeated, handle=False)
    assert replay()[0] == 0


def test_events_of_others_and_records_that_nobody_can_read_change_nothing(granted: Installation) -> None:
    last = granted.inbox[-1]
    assert isinstance(last, Record)
    granted.topics[CASE_INBOX] += [
        replace(last, key=b"another", offset=90),
        replace(last, value=b"{", offset=91),
        replace(last, headers=(), offset=92),
        NotUnpacked(CASE_INBOX, 0, 93, 93, "broken", b"", "record"),
    ]
    granted.topics[SMS_INBOX] += [
        replace(last, topic=SMS_INBOX, value=f'{{"case_id": "{CASE}"}}'.encode()),
        NotUnpacked(SMS_INBOX, 0, 94, 94, "broken", b"", "record"),
    ]
    code, said = replay()
    assert (code, said[-1]) == (0, "nothing differs")
    assert f"{CASE_INBOX}[0]@91 is refused: the data: Invalid JSON" in "\n".join(said)


def test_a_signature_that_was_refused_is_refused_again(granted: Installation) -> None:
    signed = DecisionSigned(
        decision_id=DecisionId(f"{PERSON}.x"),
        outcome="granted",
        refusal_ground=None,
        officer="o",
        signed_at=granted.now,
    )
    granted.reads(signed)
    code, said = replay()
    assert code == 0
    assert any("no draft with it awaits a signature" in line for line in said)


@pytest.mark.usefixtures("granted")
def test_other_rules_decide_under_their_own_name() -> None:
    code, said = replay("--rules", DRAFT)
    assert code == 1
    assert said[-3:] == [
        "benefit.decided.v1 of step 7:",
        f'    rules_version: told "{ORDER}", again "{DRAFT}"',
        "it differs: steps 0, outcomes 1, texts 0",
    ]
    assert replay("--rules", ORDER)[0] == 0
    assert f'again "{ORDER}+repealed"' in "\n".join(replay("--rules", f"{ORDER}+repealed")[1])


def test_the_route_that_an_ending_tells_is_compared_part_by_part(start: Started) -> None:
    made = start()
    made.reads(PHONE, TITLE)
    made.elapses()
    made.sent(OFFER)
    made.hears(Decline(), OFFER)
    assert replay()[0] == 0
    code, said = replay("--rules", DRAFT)
    assert code == 1
    assert "    ordinary_route.verified: told true, again false" in said


def test_rules_where_there_were_none_ask_what_nobody_was_asked(start: Started) -> None:
    made = start(datetime(2021, 7, 18, 6, tzinfo=UTC))
    made.reads(PHONE, TITLE)
    made.elapses()
    assert replay()[0] == 0
    code, said = replay("--rules", ORDER)
    assert code == 1
    assert "    told   received -> awaiting_rules; rule R20, R21; note rules_awaited" in said
    assert "    again  received -> offer_asked; rule R2, R3" in said
    assert any(
        line.startswith("text that would be told and was not: question offer, kk and ru") for line in said
    )
    differs = found("--rules", ORDER)
    assert [each["kind"] for each in differs["texts"]["again"]] == ["offer"]
    assert differs["texts"]["told"] == []


@pytest.mark.usefixtures("granted")
def test_other_settings_than_of_then_are_told_and_show() -> None:
    code, said = replay(TERM_POLICY="inclusive")
    assert code == 1
    assert "term_policy inclusive" in said[1]
    assert any("; until 2021-07-24T18:00:00Z" in line for line in said)
    code, said = replay("--rules", DRAFT, TERM_POLICY="inclusive")
    assert "it differs under the rules of the day too: replay it without --rules" in said


def test_a_step_whose_cause_is_gone_is_named_and_nothing_is_compared(granted: Installation) -> None:
    granted.forgets(CASE_INBOX, 4)
    code, said = replay()
    assert code == 2
    assert said[2:] == [
        f"step 1: its cause, registry.title-awarded.v1 e1, is not in {CASE_INBOX} any more",
        *[line for line in said if line.startswith(("step 2: its cause, deadline.elapsed", "step 3: its"))],
        "records are missing: nothing is compared",
    ]
    assert len(said) == 6
    missing = found()
    assert (missing["verdict"], [each["first"] for each in missing["missing"]]) == ("missing", [1, 2, 3])
    assert (missing["steps"], missing["outcomes"]) == ([], [])


def test_facts_that_are_gone_are_no_difference(granted: Installation) -> None:
    granted.forgets(CASE_INBOX, 1)
    code, said = replay("--rules", DRAFT)
    assert code == 2
    assert said[-2:] == [
        f"steps 2 to 7: what was known of the person before it is not in {CASE_INBOX} any more",
        "records are missing: nothing is compared",
    ]


def test_an_inbox_cut_off_before_anything_of_the_person_is_as_good_as_whole(granted: Installation) -> None:
    granted.begins[CASE_INBOX, 0] = 1
    assert replay()[0] == 0
    assert replay("--rules", DRAFT)[0] == 1


def test_holes_in_the_log_are_missing_too(granted: Installation) -> None:
    del granted.topics["case.advanced.v1"][1:3]
    code, said = replay()
    assert (code, said[2]) == (2, "steps 2 to 3: not in case.advanced.v1 any more")


def test_texts_that_are_not_kept_are_not_compared(granted: Installation) -> None:
    granted.forgets(SMS_INBOX, 1)
    code, said = replay()
    assert code == 0
    assert "of 1 texts what was asked for is not kept any more: they are not compared" in said
    del granted.topics[SMS_INBOX][0]
    code, said = replay()
    assert code == 0
    del granted.begins[SMS_INBOX, 0]
    code, said = replay()
    assert (code, said[-1]) == (1, "it differs: steps 0, outcomes 0, texts 2")


def test_what_the_worker_has_not_handled_yet_is_left_out(granted: Installation) -> None:
    granted.handled["case.inbox.v1", 0] = len(granted.inbox)
    taken_away = PhoneRegistered(iin=IIN, phone=None, registered_at=NOON)
    headers, value = encode(wrap(taken_away, id_="later", source="test", time=granted.now, extensions={}))
    unread = Outgoing(CASE_INBOX, PERSON.encode(), value, headers)
    granted.put(unread, handle=False)
    code, said = replay()
    assert (code, said[2]) == (0, f"1 events that wait in {CASE_INBOX} for the worker are left out")
    # A commit follows what it commits by a second.
    granted.handled["case.inbox.v1", 0] = 1
    assert replay()[0] == 0


def test_an_iin_that_a_citizen_wrote_is_not_shown(start: Started) -> None:
    made = start()
    made.granted(text=f"мен {IIN}")
    decided = made.topics["benefit.decided.v1"].pop()
    assert isinstance(decided, Record)
    altered = json.loads(decided.value or b"")
    altered["evidence"]["answers"][0]["text"] = "1"
    made.topics["benefit.decided.v1"].append(replace(decided, value=json.dumps(altered).encode()))
    code, said = replay("--json")
    assert (code, IIN in said[-1], "мен *0015" in said[-1]) == (1, False, True)


@pytest.mark.usefixtures("granted")
def test_another_clock_than_the_workers_is_told() -> None:
    code, said = replay(TIME_SCALE="10", TIME_ORIGIN="2021-07-01T00:00:00Z")
    assert code == 2
    assert said == [
        "the case was told by another clock: set JARDEM_TIME_SCALE and JARDEM_TIME_ORIGIN as the worker's"
    ]


@pytest.mark.usefixtures("granted")
def test_a_case_that_there_is_not() -> None:
    nobodys = CaseId("22222222-3c0a-5d6b-9a51-3f6f2f0a9c11")
    assert replay(case=nobodys) == (1, [f"there is no case {nobodys} in case.advanced.v1"])


def test_a_broker_that_does_not_say_what_is_handled_hides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Admin:
        def list_group_offsets(self, _: list[str]) -> dict[str, Any]:
            raise GroupAuthorizationFailedError

        def close(self) -> None:
            pass

    monkeypatch.setattr(handled, "admin_client", lambda _: Admin())
    assert handled.handled_up_to(Settings(), ["case.inbox.v1"]) == {}
