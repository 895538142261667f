import re
from pathlib import Path

import pytest
from rich.table import Table

from agents.bootstrap import assemble
from ops.topics import Existing, State, acceptable, judge, report
from schemas.catalogue import PUBLIC_IN, PUBLIC_OUT
from streams.settings.settings import Settings
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX, Topic, all_topics

SETTINGS = Settings(kafka="127.0.0.1:1", inbox_partitions=6)
BY_NAME = {topic.name: topic for topic in all_topics(SETTINGS)}


def as_it_should_be(topic: Topic, replication: int = 1) -> Existing:
    return Existing(topic.partitions, replication, topic.config(replication) | {"other": "1"})


def test_every_public_event_has_its_topic() -> None:
    assert set(PUBLIC_IN) | set(PUBLIC_OUT) <= set(BY_NAME)


def test_the_worker_reads_and_keeps_its_tables_in_topics_of_this_list(tmp_path: Path) -> None:
    app = assemble(Settings(kafka="127.0.0.1:1", twilio_account_sid="AC0", data_dir=tmp_path))
    assert set(app.tables_of_inboxes) == {CASE_INBOX, SMS_INBOX, SMS_OUTBOX}
    assert set(app.source_topics) | set(app.tables_of_inboxes.values()) <= set(BY_NAME)


def test_inboxes_and_their_tables_have_the_same_partitions_and_tables_are_compacted() -> None:
    for name, topic in BY_NAME.items():
        assert topic.partitions == (1 if name == "dead-letter.v1" else 6)
        if name.endswith("-changelog"):
            assert topic.config(1)["cleanup.policy"] == "compact"
        if name in (CASE_INBOX, SMS_INBOX, SMS_OUTBOX):
            assert topic.config(1)["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize(("replication", "needed"), [(1, "1"), (2, "1"), (3, "2")])
def test_a_write_survives_the_loss_of_a_broker_where_there_are_several(replication: int, needed: str) -> None:
    assert BY_NAME[CASE_INBOX].config(replication)["min.insync.replicas"] == needed


def test_days_totals_are_kept_while_what_they_total_may_be_looked_for() -> None:
    assert BY_NAME["registry.day-totalled.v1"].config(1)["retention.ms"] == "-1"
    assert BY_NAME["registry.title-awarded.v1"].config(1)["retention.ms"] == "2592000000"


def test_a_topic_as_it_should_be_is_right() -> None:
    for topic in BY_NAME.values():
        assert judge(topic, as_it_should_be(topic, 3), 3).state is State.RIGHT


def test_a_missing_topic_is_not_acceptable() -> None:
    finding = judge(BY_NAME[CASE_INBOX], None, 1)
    assert finding.state is State.MISSING
    assert not acceptable([finding])


def test_another_number_of_partitions_is_refused_with_what_to_do() -> None:
    topic = BY_NAME[CASE_INBOX]
    finding = judge(topic, Existing(12, 1, topic.config(1)), 1)
    assert finding.state is State.REFUSED
    assert "JARDEM_INBOX_PARTITIONS=12" in finding.detail
    assert not acceptable([finding])


@pytest.mark.parametrize("name", ["registry.title-awarded.v1", "dead-letter.v1"])
def test_where_partitions_do_not_matter_any_number_will_do(name: str) -> None:
    topic = BY_NAME[name]
    finding = judge(topic, Existing(12, 1, topic.config(1)), 1)
    assert finding.state is State.RIGHT
    assert not finding.changes


def test_too_few_copies_are_refused() -> None:
    topic = BY_NAME["benefit.decided.v1"]
    assert judge(topic, as_it_should_be(topic, 1), 3).state is State.REFUSED


def test_settings_that_differ_are_named_with_both_values() -> None:
    topic = BY_NAME[CASE_INBOX]
    existing = Existing(topic.partitions, 1, topic.config(1) | {"retention.ms": "1000"})
    finding = judge(topic, existing, 1)
    assert finding.state is State.DIFFERS
    assert finding.changes == {"retention.ms": "1209600000"}
    assert finding.detail == "retention.ms 1000 -> 1209600000"


def test_topics_of_others_are_not_changed_but_a_missing_compaction_is_said() -> None:
    topic = BY_NAME["portal.phone-registered.v1"]
    finding = judge(topic, Existing(topic.partitions, 1, {"cleanup.policy": "delete"}), 3)
    assert finding.state is State.DIFFERS
    assert not finding.changes
    assert acceptable([finding])


def test_what_is_true_of_many_topics_is_said_once() -> None:
    _, *lines = report([judge(topic, None, 1) for topic in BY_NAME.values()])
    assert len(lines) == 1


DAY_MS = 24 * 60 * 60 * 1000


def kept(**retention: int | None) -> dict[str, str]:
    days: dict[str, int | None] = {"granted": 30, "refused": 30, "declined": 30, "unasked": 30, "ended": 30}
    named = {f"retention_{outcome}": each for outcome, each in (days | retention).items()}
    topics = all_topics(Settings.model_validate({"kafka": "127.0.0.1:1", **named}))
    return {topic.name: topic.config(1)["retention.ms"] for topic in topics if not topic.compacted}


@pytest.mark.parametrize(
    ("outcome", "longer"),
    [
        *(
            (outcome, {"benefit.decided.v1", "benefit.decision-questioned.v1"})
            for outcome in ("granted", "refused")
        ),
        *((outcome, {"benefit.process-ended.v1"}) for outcome in ("declined", "unasked", "ended")),
    ],
)
@pytest.mark.parametrize("days", [80, None])
def test_a_topic_is_kept_for_the_longest_retention_of_what_is_in_it(
    outcome: str, longer: set[str], days: int | None
) -> None:
    shortest, changed = kept(), kept(**{outcome: days})
    of_any = {*longer, "cabinet.notified.v1", "operator.acted.v1", "audit.console.v1"}
    expected = {name: str(-1 if days is None else days * DAY_MS) for name in of_any}
    months = {
        "benefit.decision-drafted.v1",
        "benefit.draft-voided.v1",
        "dead-letter.v1",
        "intake.redriven.v1",
    }
    expected |= dict.fromkeys(months, str((days or 90) * DAY_MS))
    assert {name: ms for name, ms in changed.items() if shortest[name] != ms} == expected
    assert {shortest[name] for name in expected} == {str(30 * DAY_MS)}


def test_no_retention_touches_the_audit_log_or_what_is_under_way() -> None:
    shortest = kept()
    assert shortest["case.advanced.v1"] == "-1"
    assert {shortest[name] for name in (CASE_INBOX, SMS_INBOX, SMS_OUTBOX)} == {str(14 * DAY_MS)}
    assert shortest["registry.title-awarded.v1"] == str(30 * DAY_MS)


def test_what_is_purged_from_a_table_leaves_its_changelog_within_a_week() -> None:
    for name, topic in BY_NAME.items():
        lag = topic.config(1).get("max.compaction.lag.ms")
        assert lag == (str(7 * DAY_MS) if name.endswith("-changelog") else None)


def test_the_page_says_how_long_each_topic_is_kept() -> None:
    page = (Path(__file__).parents[2] / "docs" / "retention.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?`) \| .* \| (.+) \|$", page, re.MULTILINE)
    told = {name: kept for names, kept in rows for name in re.findall(r"`([^`]+)`", names)}
    table = next(report([judge(topic, None, 1) for topic in BY_NAME.values()]))
    assert isinstance(table, Table)
    names, _, kept, _ = (list(column.cells) for column in table.columns)
    family = {name: f"{str(name).partition('.')[0]}.*" for name in names}
    assert [told.get(str(name)) or told[family[name]] for name in names] == kept
