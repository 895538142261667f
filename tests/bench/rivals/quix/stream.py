"""The full case as streams of Quix Streams: awards find their phones, and move cases by phone."""

import time
import uuid
from pathlib import Path
from typing import Any

import benefit
import topics
from quixstreams import Application, State

Headers = list[tuple[str, bytes]] | None

COMMIT_SECONDS = 0.1
"""What is written is seen by others once it is committed; as often as Kafka Streams does."""

_DECISIONS = uuid.UUID("3b241101-e2bb-4255-8caf-4136c566a962")


def by_phone(value: dict[str, Any], _key: Any, _at: int, headers: Headers, state: State) -> Any:
    """Keep the number of a fact; an award becomes an input of the case at the number. Nothing for others."""
    if "phone" in value:
        state.set("phone", value["phone"])
        return None
    phone, told = state.get("phone"), dict(headers or ())
    if phone is None:
        return None
    event_id = f"{told['ce_source'].decode()} {told['ce_id'].decode()}"
    return {"kind": "award", "id": event_id, "iin": value["iin"], "phone": phone}


def move(given: dict[str, Any], state: State) -> list[dict[str, Any]]:
    """What an input brings about: messages, a decision, a timer."""
    case, phone = state.get("case"), given["phone"]
    if given["kind"] == "award":
        if case is not None:
            return []
        due = int((time.time() + benefit.PATIENCE.total_seconds()) * 1000)
        state.set("case", {"iin": given["iin"], "stage": "offered", "taken": [given["id"]]})
        return [_message(phone, benefit.OFFER), _timer(phone, due)]
    if case is None or given["id"] in case["taken"]:
        return []
    case["taken"].append(given["id"])
    results = _moved(case, given, phone)
    state.set("case", case)
    return results


def _moved(case: dict[str, Any], given: dict[str, Any], phone: str) -> list[dict[str, Any]]:
    stage, text = case["stage"], given.get("text", "").strip()
    if given["kind"] == "deadline":
        case["stage"] = "expired" if stage == "offered" else stage
        return []
    if stage == "offered":
        yes = text == benefit.YES
        case["stage"] = "consented" if yes else "refused"
        return [_timer(phone, None)] + ([_message(phone, benefit.ACCOUNT)] if yes else [])
    if stage != "consented":
        return []
    if not benefit.is_iban(text):
        return [_message(phone, benefit.AGAIN)]
    case["stage"] = "granted"
    decision = benefit.decision(case["iin"], str(uuid.uuid5(_DECISIONS, case["taken"][0])), text)
    return [{"kind": "decision", "phone": phone, **decision}, _message(phone, benefit.DECIDED)]


def _message(phone: str, text: str) -> dict[str, Any]:
    return {"kind": "message", "phone": phone, "text": text}


def _timer(phone: str, due: int | None) -> dict[str, Any]:
    return {"kind": "timer", "phone": phone, "due": due}


def main() -> None:
    """Run it."""
    told = benefit.settings()
    app = Application(
        broker_address=told["kafka"],
        consumer_group=topics.GROUP,
        auto_offset_reset="earliest",
        commit_interval=COMMIT_SECONDS,
        consumer_poll_timeout=COMMIT_SECONDS,
        processing_guarantee="exactly-once",
        state_dir=told["state"],
        loglevel="WARNING",
    )
    inputs = app.topic(topics.INPUTS, key_deserializer="str", key_serializer="str")
    results = {
        kind: app.topic(name, key_serializer="str")
        for kind, name in (
            ("message", topics.MESSAGES),
            ("decision", topics.DECISIONS),
            ("timer", topics.TIMERS),
        )
    }
    known = app.dataframe(app.topic(topics.FACTS)).concat(app.dataframe(app.topic(topics.AWARDS)))
    awards = known.apply(by_phone, stateful=True, metadata=True)
    awards.filter(lambda value: value is not None).to_topic(inputs, key=lambda value: value["phone"])
    moved = app.dataframe(inputs).apply(move, stateful=True, expand=True)
    moved.to_topic(lambda value, *_: results[value["kind"]], key=lambda value: value["phone"])
    Path(told["mark"]).touch()
    app.run()


if __name__ == "__main__":
    main()
