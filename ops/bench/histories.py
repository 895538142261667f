"""Histories of made-up cases as topics would hold them: for the benchmark and tests of the read model.

The records are those of the contract, written by its models; which of them a case has is chosen by a seed.
No law is applied here: a history is plausible, and nobody's decision.
"""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from ops.bench.case_events import CaseEvents
from ops.bench.people import Log
from schemas.ids import (
    Pseudonyms,
    QuestionId,
    derived_id,
    explanation_id_of,
    message_id_of,
    question_id_of,
)
from schemas.messages import (
    MessageInDoubt,
)
from schemas.operators import ActObject, OperatorActed
from schemas.outcomes import (
    DecisionQuestioned,
)
from schemas.questions import QuestionKind
from schemas.registry import DayTotalled
from schemas.statecorp import BenefitRecorded
from schemas.values import EndReason
from streams.records import Record
from streams.signing import load_signer

Plot = Literal[
    "granted",
    "waits",
    "misunderstood",
    "no_reply",
    "declined",
    "unreachable",
    "refused",
    "to_sign",
    "to_hear",
    "queued",
    "awaiting_rules",
    "held",
    "shadow",
    "doubt",
]
"""What becomes of a case."""

PLOTS: tuple[Plot, ...] = get_args(Plot)
_WEIGHTS: Mapping[Plot, int] = {
    "granted": 330,
    "waits": 170,
    "misunderstood": 20,
    "no_reply": 150,
    "declined": 70,
    "unreachable": 130,
    "refused": 30,
    "to_sign": 40,
    "to_hear": 10,
    "queued": 20,
    "awaiting_rules": 10,
    "held": 4,
    "shadow": 13,
    "doubt": 3,
}


class History(CaseEvents):
    """One case with what becomes of it."""

    def plays(self, plot: Plot) -> Iterator[Record]:
        """All that is told of the case."""
        yield from self.entitled()
        self.later(seconds=self.chance.randint(3, 90_000))
        yield from getattr(self, f"_{plot}")()

    def _granted(self) -> Iterator[Record]:
        yield from self.consents()
        yield from self.gives_account("granted")
        if self.chance.random() < 0.9:  # noqa: PLR2004 - most grants are recorded
            recorded = BenefitRecorded(
                iin=self.who.iin,
                benefit="special_state_benefit",
                status="assigned",
                recorded_on=self.at.date(),
                case_id=self.case,
            )
            yield self.log.record(
                recorded.name, self.person, recorded, self.at, derived_id(self.case, "recorded"), "urn:sc"
            )
        elif self.chance.random() < 0.1:  # noqa: PLR2004 - few are questioned
            learnt = DecisionQuestioned(
                case_id=self.case,
                decision_id=self.decision_id(),
                iin=self.who.iin,
                reason="revoked",
                at=self.at,
            )
            yield self._out(learnt, f"{self.case}-questioned")

    def _waits(self) -> Iterator[Record]:
        yield from self.ask(QuestionKind.OFFER)
        yield from self.taken("sent")

    def _misunderstood(self) -> Iterator[Record]:
        yield from self._waits()
        yield from self.wrote(
            f"мой ИИН {self.who.iin}, звоните {self.who.phone}",
            {"to": "offer_sent", "note": "not_understood"},
            "question.not-understood",
        )
        yield self.sent(explanation_id_of(question_id_of(self.case, 0), "1"), "1 немесе 2")

    def _no_reply(self) -> Iterator[Record]:
        yield from self._waits()
        self.later(days=3)
        reasons = (EndReason.NO_REPLY, EndReason.NO_REPLY, EndReason.NOT_UNDERSTOOD)
        yield from self.ended(self.chance.choice(reasons))

    def _declined(self) -> Iterator[Record]:
        yield from self._waits()
        self.until = None
        yield from self.wrote("0", {"to": "ended", "note": "declined"})

    def _unreachable(self) -> Iterator[Record]:
        reasons = (EndReason.PHONE_NOT_REGISTERED, EndReason.NUMBER_NOT_REACHABLE, EndReason.DECEASED)
        reason = self.chance.choice((*reasons, EndReason.ALREADY_RECEIVING, EndReason.UNDELIVERABLE))
        if reason is EndReason.UNDELIVERABLE:
            yield from self.ask(QuestionKind.OFFER)
            yield from self.taken("undelivered", self.chance.choice((30003, 30005, 30006)))
        yield from self.ended(reason)

    def _refused(self) -> Iterator[Record]:
        yield from self.consents()
        yield from self.gives_account("refused")

    def _to_sign(self) -> Iterator[Record]:
        yield from self.consents()
        yield from self.gives_account("awaiting_signature")

    def _to_hear(self) -> Iterator[Record]:
        yield from self.consents()
        yield from self.gives_account("awaiting_hearing")

    def _queued(self) -> Iterator[Record]:
        yield self.moved("queued", note="queued")

    def _awaiting_rules(self) -> Iterator[Record]:
        yield self.moved("awaiting_rules", note="rules_awaited")

    def _held(self) -> Iterator[Record]:
        act = OperatorActed(
            act="hold",
            object=ActObject(kind="case", id=self.case),
            person_id=self.person,
            reason=f"позвонил с {self.who.phone}, ИИН {self.who.iin}",
            operator="operator-3",
        )
        id_ = derived_id(self.case, "hold")
        yield self.log.record(act.name, self.person, act, self.at, id_, "urn:jardem:console")
        yield self.moved("received", note="held", cause=(act.name, id_))

    def _shadow(self) -> Iterator[Record]:
        yield self.moved("received", note=self.chance.choice(("shadow", "offers_paused", "outside_pilot")))

    def _doubt(self) -> Iterator[Record]:
        yield from self.ask(QuestionKind.OFFER)
        message = message_id_of(QuestionId(question_id_of(self.case, 0)))
        doubt = MessageInDoubt(
            phone=self.who.phone, message_id=message, attempt=1, tried_at=self.at, at=self.at
        )
        yield self._line(doubt, f"{message}-doubt")


NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
"""The present instant of the histories: what is told of them lies in the 120 days before it."""

_SPAN = timedelta(days=120)


def histories(cases: int, pseudonyms: Pseudonyms, log: Log, seed: int = 0) -> Iterator[Record]:
    """So many cases, one after the other, with what became of each by chance."""
    chance = random.Random(seed)  # noqa: S311 - the same seed gives the same again
    signer = load_signer(None, "")
    plots = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=cases)
    waiting = {"waits", "misunderstood", "to_sign", "to_hear"}
    arrived: defaultdict[tuple[str, date], list[str]] = defaultdict(list)
    for number, plot in enumerate(plots):
        back = timedelta(days=4) if plot in waiting else _SPAN
        begins = NOW - back * chance.random() - timedelta(hours=40)
        for record in History(seed * 1_000_000 + number, log, pseudonyms, signer, begins).plays(plot):
            if record.topic.startswith("registry.") and record.timestamp:
                arrived[record.topic, record.timestamp.date()].append(dict(record.headers)["ce_id"].decode())
            yield record
    for (topic, day), ids in arrived.items():
        yield _total(log, topic, day, ids)


def _total(log: Log, topic: str, day: date, ids: Sequence[str]) -> Record:
    """What the registry says that it sent in a day."""
    told = "".join(f"{id_}\n" for id_ in sorted(ids))
    total = DayTotalled.model_validate(
        {
            "topic": topic,
            "source": "urn:registry",
            "day": day,
            "count": len(ids),
            "digest": hashlib.sha256(told.encode()).hexdigest(),
        }
    )
    at = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
    return log.record(total.name, topic, total, at, derived_id(topic, str(day)), "urn:registry")
