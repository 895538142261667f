"""`jardem case replay`: the recorded events of a case's person once more, through the worker's own desk."""

from dataclasses import replace

from agents.bootstrap import case_documents, case_policy
from agents.desks import case_desk
from ops.cases.reading import case_id_from
from ops.replay.clocks import require_clock
from ops.replay.differences import Differences, differences
from ops.replay.missing import missing_steps, not_told_again
from ops.replay.play import Played, play
from ops.replay.recorded import Recorded, read_recorded
from ops.replay.report import Replayed
from ops.replay.rules import under
from ops.replay.told import Told
from rules.policy import Policy
from sms.catalogues import load_texts
from streams.pseudonym_keys import pseudonyms_of
from streams.settings.settings import Settings
from streams.topics import CASE_INBOX

_NOTHING = Differences((), (), (), ())


def replay_case(case: str, rules: str | None, settings: Settings) -> Replayed:
    """Read a case and play it again, under these rules in place of those of the day.

    Raises `AskedWronglyError`, `UnknownRulesError`, `OtherClockError`, `NoSuchCaseError` and `TopicError`.
    """
    case_id = case_id_from(case)
    policy = case_policy(settings)
    other = policy if rules is None else under(policy, rules)
    texts = load_texts(settings.texts_dir)
    documents = case_documents(settings, texts.version, signs=False)
    pseudonyms = pseudonyms_of(settings)
    clock = settings.clock()
    recorded = read_recorded(case_id, settings, texts)

    def played(policy: Policy) -> Played:
        desk = case_desk(policy, pseudonyms, clock, documents)
        return play(recorded, desk, Told(case_id, texts), clock)

    notes = [*recorded.told.notes, *_unhandled(recorded)]
    result = Replayed(case_id, rules, len(recorded.events), documents.issued.policies, _NOTHING)
    if gaps := missing_steps(recorded):
        return replace(result, missing=gaps, notes=tuple(notes))
    require_clock(recorded, clock)
    usual = played(policy)
    found, forgotten = _compared(recorded, usual)
    if found and recorded.cut_off:
        return replace(result, missing=not_told_again(recorded, found), notes=tuple(notes))
    again = usual
    if rules is not None:
        if found:
            notes.append("it differs under the rules of the day too: replay it without --rules")
        again = played(other)
        found, forgotten = _compared(recorded, again)
    if forgotten:
        notes.append(f"of {forgotten} texts what was asked for is not kept any more: they are not compared")
    return replace(
        result,
        found=found,
        waits=tuple(each for each in again.waits if each not in usual.waits),
        notes=(*notes, *again.told.notes, *again.refused),
    )


def _compared(recorded: Recorded, again: Played) -> tuple[Differences, int]:
    """What differs, and how many texts are left out of it because those of their time are not kept."""
    found = differences(recorded.told, again.told, recorded.offsets)
    kept = tuple(
        text for text in found.texts_again if text.asked_at is None or text.asked_at > recorded.texts_since
    )
    return replace(found, texts_again=kept), len(found.texts_again) - len(kept)


def _unhandled(recorded: Recorded) -> list[str]:
    count = recorded.unhandled
    return [f"{count} events that wait in {CASE_INBOX} for the worker are left out"] if count else []
