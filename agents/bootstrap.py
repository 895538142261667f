"""The worker, put together: one application with the intake, the two desks and the carrier."""

import json
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from agents import case_gauges, line_metrics
from agents.carrier import CarrierAgent
from agents.carriers import choose_carrier
from agents.case_metrics import CaseMetrics
from agents.desks import case_desk, sms_desk
from agents.documents import Documents
from agents.intake import TOPICS, Intake
from agents.line_metrics import LineMetrics
from agents.traces import DeskTraces, case_of, case_of_message
from rules.data.shipped import shipped
from rules.issuing import Issued
from rules.policy import (
    CapacityMissing,
    DecisionMode,
    DisabilityPath,
    Extension,
    Policy,
    Retention,
    ServiceCalendar,
    TermPolicy,
)
from rules.rule_sets import Permissions
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from sms.conversation.hours import SendingHours
from sms.conversation.texts_received import Restored
from sms.sending.daily_number import Daily
from sms.sending.sender import Limits
from sms.texts import Texts
from streams import metrics
from streams.app import StreamApp, create_app
from streams.desk import Desk
from streams.encryption.opening import vault_of
from streams.handlers import register_stateless
from streams.officer_signatures import load_officers
from streams.pseudonym_keys import pseudonyms_of
from streams.registry_signatures import load_registry_keys
from streams.settings.settings import Settings
from streams.signing import FolderSigner, Signer, load_signer
from streams.topics import SMS_INBOX, SMS_OUTBOX
from streams.tracing import Tracer

SUMMARISED_AS = 1
"""Which way of working out deadlines and counts the summaries of values follow (`streams/summary.py`).

To be raised with every change of what a state waits for or how it counts: then what older releases noted is
not believed. `tests/compat` sees such a change.
"""


def assemble(settings: Settings, tracer: Tracer | None = None) -> StreamApp:
    """The application for these settings, complete and not started. A `tracer` takes its spans.

    Raises `BadRuleSetsError` where the law's data is not as it must be, and `TextsError` where the texts in
    the place of ours are not, and `RoutesError` for the carriers' file: nothing starts on them.
    """
    shipped()
    texts = load_texts(settings.texts_dir)
    vault = vault_of(settings, waits=True, tell_away=metrics.KEY_STORE_AWAY.set)
    app = create_app(settings, vault=vault)
    pseudonyms = pseudonyms_of(settings)
    chosen = choose_carrier(settings, pseudonyms, lambda: app.share_of(SMS_OUTBOX))

    def partitions() -> int:
        """As many as the broker has; where it has not said yet, as the settings have it."""
        return app.partitions_heard(SMS_OUTBOX) or settings.inbox_partitions

    intake = Intake(
        pseudonyms, app.clock, app.partitions_of, tracer, load_registry_keys(settings.registry_keys)
    )
    register_stateless(app, "intake", TOPICS, intake.handle)
    documents = case_documents(settings, texts.version)
    people = case_desk(case_policy(settings), pseudonyms, app.clock, documents)
    watched = replace(
        people.desk,
        count=CaseMetrics(app.clock).count,
        traces=DeskTraces(tracer, people.name, case_of) if tracer is not None else None,
    )
    people = replace(people, desk=watched)
    cases = Desk(
        app,
        people,
        case_gauges.counts,
        basis=summary_basis(settings),
        leads_to=[SMS_INBOX],
    )
    case_gauges.show(cases.counts)
    numbers = sms_desk(line_policy(settings, texts), pseudonyms, app.clock)
    numbers = replace(
        numbers,
        count=LineMetrics(app.clock).count,
        traces=DeskTraces(tracer, numbers.name, case_of_message) if tracer is not None else None,
    )
    lines = Desk(app, numbers, line_metrics.counts, basis=str(SUMMARISED_AS))
    line_metrics.show(lines.counts)
    CarrierAgent(
        app,
        chosen.carrier,
        pseudonyms,
        carrier_limits(settings, chosen.intents, lists=chosen.lists),
        daily=Daily(app.clock, ZoneInfo(settings.zone), partitions=partitions),
        inbound_check=settings.inbound_check if chosen.lists else None,
        binds=chosen.binds,
        tracer=tracer,
    )
    return app


def case_policy(settings: Settings) -> Policy:
    """The policies of the case desk.

    The grace is real time, because what it waits for is real: Kafka's delays.
    """
    return Policy(
        term=TermPolicy(settings.term_policy),
        decision_mode=DecisionMode(settings.decides),
        facts_grace=timedelta(seconds=settings.facts_grace * settings.time_scale),
        zone=ZoneInfo(settings.zone),
        disability_path=DisabilityPath(settings.disability_path),
        capacity_missing=CapacityMissing(settings.capacity),
        invited_by_sms=settings.manual_route_sms,
        verified_only=settings.profile == "production",
        service_calendar=ServiceCalendar(settings.service_calendar),
        extension=Extension(settings.extension),
        hearing_days=settings.hearing_days,
        retention=case_retention(settings),
        allowed=rule_permissions(settings),
    )


def case_retention(settings: Settings) -> Retention:
    """How long what names the person of a case is kept (R34)."""

    def kept(days: int | None) -> timedelta | None:
        return None if days is None else timedelta(days=days)

    return Retention(
        granted=kept(settings.retention_granted),
        refused=kept(settings.retention_refused),
        declined=kept(settings.retention_declined),
        unasked=kept(settings.retention_unasked),
        ended=kept(settings.retention_ended),
    )


def rule_permissions(settings: Settings) -> Permissions:
    """Which rules count beside those in force (R20)."""
    return Permissions(repealed=settings.repealed_rules_count, drafts=settings.draft_rules_count)


def case_documents(settings: Settings, texts_version: str, *, signs: bool = True) -> Documents:
    """Who signs the documents of the cabinet, whose signatures count, and what the documents name.

    `texts_version` is the version of the texts that citizens are sent. Where nothing is to be signed, no
    private key is read.
    """
    return Documents(
        _signer(settings) if signs else None,
        load_officers(settings.officer_keys, settings.officer_roots, settings.officer_crl),
        Issued(texts_version, named_policies(settings)),
    )


def _signer(settings: Settings) -> Signer | FolderSigner:
    """Who signs: with the folder's keys as they stand there, or in development with the demo's."""
    if settings.signing_keys is None:
        return load_signer(None, settings.document_issuer)
    return FolderSigner(settings.signing_keys, settings.document_issuer)


def summary_basis(settings: Settings) -> str:
    """What deadlines and counts of people depend on beside their states: the policies, this release's way."""
    return json.dumps([SUMMARISED_AS, named_policies(settings)], sort_keys=True)


def named_policies(settings: Settings) -> dict[str, str]:
    """The policies of an installation by their names in docs/policies.md, as a document says them."""
    kept = {
        outcome: getattr(settings, f"retention_{outcome}")
        for outcome in ("granted", "refused", "declined", "unasked", "ended")
    }
    return {
        "term_policy": settings.term_policy,
        "zone": settings.zone,
        "disability_path": settings.disability_path,
        "decision_mode": settings.decides,
        "service_calendar": settings.service_calendar,
        "extension": settings.extension,
        "hearing_days": str(settings.hearing_days),
        "capacity_missing": settings.capacity,
        "manual_route_sms": "on" if settings.manual_route_sms else "off",
        "repealed_rules": "allow" if settings.repealed_rules_count else "not set",
        "retention": ", ".join(f"{name} {days or 'for_ever'}" for name, days in kept.items()),
        "cross_border_sms": settings.cross_border_sms or "not set",
        "quiet_hours": str(settings.quiet_hours or "off"),
        "facts_grace": f"{settings.facts_grace:g}",
    }


def line_policy(settings: Settings, texts: Texts) -> LinePolicy:
    """The policies of the SMS desk, which sends these texts."""
    hours = settings.quiet_hours
    return LinePolicy(
        texts=texts,
        hours=SendingHours(hours.begins, hours.ends) if hours else None,
        keep_trying=timedelta(hours=settings.delivery_hours),
        time_scale=settings.time_scale,
        restored=_restored(settings),
    )


def _restored(settings: Settings) -> Restored | None:
    begins, ends, clock = settings.restored_from, settings.restored_until, settings.clock()
    return Restored(clock.virtual(begins), clock.virtual(ends)) if begins and ends else None


def carrier_limits(settings: Settings, intents: int, *, lists: bool = False) -> Limits:
    """How fast all workers together may send; a second's messages may leave at once after a pause.

    `lists`: the carrier can be asked what it has. One that cannot would leave all that is sent after a
    restore to operators.
    """
    rate = settings.sms_per_second
    asked_from = settings.restored_from if lists else None
    return Limits(per_second=rate, burst=max(1, int(rate)), intents=intents, restored_from=asked_from)
