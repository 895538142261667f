"""Which documents an event makes: what the personal cabinet is told (R10, R11, R13, R30, R31)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from rules import service_term
from rules.cabinet import Occasion, accepted, decided, ended, hearing_notice, questioned, term_extended
from rules.deciding import INTENDED
from rules.evidence import evidence, evidence_so_far
from rules.in_force import route_rules, rules_on
from rules.person import Case, ConsentGiven
from rules.policy import Policy
from rules.states import State
from rules.terms import local_day
from rules.turn import Advanced
from schemas import emaket
from schemas.cabinet import Appeal, Claims, Heard
from schemas.canonical import data_of, digest
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionQuestioned, ProcessEnded
from schemas.received import ReceivedEvent

NO_RULES = "none"
"""Stands for the version of the rules where none were in force."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What documents are issued under: the version of the texts, and the policies in force by name."""

    texts_version: str
    policies: Mapping[str, str]


def documents(advanced: Advanced, event: ReceivedEvent, policy: Policy, issued: Issued) -> Iterator[Claims]:
    """The documents of what an event did to a person's cases, each with the step that it belongs to.

    Each says what stood when that step was taken, whatever the same event did afterwards.
    """
    effects = advanced.effects
    # What is learnt of a purged case brings the IIN with it, which is not kept.
    iin = advanced.iin or str(getattr(event.data, "iin", ""))
    desk = _Issuing(advanced.as_left, iin, policy, issued)
    steps = [effect for effect in effects if isinstance(effect, CaseAdvanced)]
    by_number = {(step.case_id, step.step): step for step in steps}
    last = {step.case_id: step for step in steps}
    for effect in effects:
        match effect:
            case CaseAdvanced():
                yield from desk.of_step(effect, event)
            case BenefitDecided():
                yield desk.decided(by_number[effect.case_id, effect.step], effect)
            case ProcessEnded():
                yield desk.ended(by_number[effect.case_id, effect.step], effect)
            case DecisionQuestioned():
                yield desk.questioned(last[effect.case_id], effect)


@dataclass(frozen=True, slots=True)
class _Issuing:
    as_left: Mapping[tuple[str, int], Case]
    iin: str
    policy: Policy
    issued: Issued

    def of_step(self, step: CaseAdvanced, event: ReceivedEvent) -> Iterator[Claims]:
        """What is told by a step alone: accepted, a hearing, a term extended."""
        case = self.as_left[step.case_id, step.step]
        if step.note == "accepted" and case.consent:
            yield self._accepted(step, case, case.consent)
        elif step.to == State.AWAITING_HEARING and step.note in INTENDED:
            yield from self._hearing(step, case)
        elif step.note == "term_extended" and isinstance(event.data, emaket.TermExtended):
            yield term_extended(
                self.occasion(step),
                decision_id=event.data.decision_id,
                until=event.data.until,
                reason=event.data.reason,
                officer=event.data.officer,
            )

    def _accepted(self, step: CaseAdvanced, case: Case, consent: ConsentGiven) -> Claims:
        day = local_day(consent.received_at, self.policy.zone)
        return accepted(
            self.occasion(step),
            application_date=day,
            scheme=case.scheme,
            decision_due=service_term.decision_due(case, self.policy) or day,
            evidence=data_of(evidence(case, consent, self.policy.stand_ins(self.iin))),
        )

    def _hearing(self, step: CaseAdvanced, case: Case) -> Iterator[Claims]:
        hearing, draft = case.hearing, case.draft
        if draft and hearing and hearing.until and hearing.not_before and hearing.refusal_ground:
            yield hearing_notice(
                self.occasion(step),
                decision_id=draft.decision_id,
                refusal_ground=hearing.refusal_ground,
                until=hearing.until,
                not_before=hearing.not_before,
            )

    def decided(self, step: CaseAdvanced, decision: BenefitDecided) -> Claims:
        """The act itself (R31)."""
        hearing = self.as_left[step.case_id, step.step].hearing
        heard = None
        if hearing and hearing.held_on and hearing.officer:
            heard = Heard(
                told_at=hearing.told_at,
                held_on=hearing.held_on,
                objection=hearing.objection,
                officer=hearing.officer,
            )
        appeal = route_rules(decision.application_date, self.policy).appeal
        occasion = self.occasion(step, decision.application_date)
        return decided(occasion, data_of(decision), hearing=heard, appeal=Appeal(**dict(appeal)))

    def ended(self, step: CaseAdvanced, ending: ProcessEnded) -> Claims:
        """An ending, with what was asked and answered until then."""
        case = self.as_left[step.case_id, step.step]
        occasion = self.occasion(step, ending.consented_on)
        return ended(occasion, data_of(ending), evidence_so_far(case, self.policy.stand_ins(self.iin)))

    def questioned(self, step: CaseAdvanced, question: DecisionQuestioned) -> Claims:
        """What was learnt of a decision, whose consent may be purged."""
        made = self.as_left[step.case_id, step.step].decision
        return questioned(self.occasion(step, made.application_date if made else None), data_of(question))

    def occasion(self, step: CaseAdvanced, applied_on: date | None = None) -> Occasion:
        """The step with which a document is issued, under the rules that decide on its case.

        `applied_on` is the application date where the case does not bear its consent any more.
        """
        case = self.as_left[step.case_id, step.step]
        day = applied_on or service_term.application_date(case, self.policy)
        day = day or local_day(step.at, self.policy.zone)
        rules = rules_on(day, self.policy)
        return Occasion(
            case_id=step.case_id,
            step=step.step,
            at=step.at,
            sha256=case.log_sha256 or digest(data_of(step)),
            iin=self.iin,
            ground=step.ground,
            language=step.language,
            rules_version=rules.version if rules else NO_RULES,
            texts_version=self.issued.texts_version,
            policies=self.issued.policies,
        )
