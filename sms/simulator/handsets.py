"""The handsets and their messages, in memory. All instants are real, aware, in UTC."""

import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime

from schemas.values import check_phone
from sms.simulator.about import About

STATUS_SENT, STATUS_DELIVERED, STATUS_UNDELIVERED = "sent", "delivered", "undelivered"
HANDSET_OUT_OF_REACH, UNKNOWN_HANDSET = 30003, 30005


@dataclass(slots=True)
class Switches:
    """What is wrong with a handset or its operator.

    `off`: messages wait until it is on again. `out_of_reach`: they are undelivered for a passing reason.
    `wrong_number`: they are undelivered for good. `slow`: everything takes seconds. `callbacks_twice` and
    `callbacks_shuffled`: the SMS API reports each status twice, or in the wrong order.
    """

    off: bool = False
    out_of_reach: bool = False
    wrong_number: bool = False
    slow: bool = False
    callbacks_twice: bool = False
    callbacks_shuffled: bool = False

    def set(self, changes: dict[str, bool]) -> None:
        """Change some switches. Raises `ValueError` for an unknown one or a value that is no boolean."""
        known = {each.name for each in fields(self)}
        for name, value in changes.items():
            if name not in known or not isinstance(value, bool):
                raise ValueError(f"the switches are {', '.join(sorted(known))}; each is true or false")
        for name, value in changes.items():
            setattr(self, name, value)


@dataclass(slots=True)
class Message:
    """An SMS. `inbound`: written by the citizen. `arrived_at`: when it was on the handset.

    `listed_at` is when the SMS API had it: one of ours at once, a citizen's when it has left the handset. Its
    `status` is then what the page shows: to the API it is received, whatever the webhook says.
    """

    sid: str
    sender: str
    to: str
    text: str
    inbound: bool
    created_at: datetime
    status: str
    service_sid: str | None = None
    status_callback: str | None = None
    listed_at: datetime | None = None
    sent_at: datetime | None = None
    arrived_at: datetime | None = None
    updated_at: datetime | None = None
    error_code: int | None = None

    @property
    def phone(self) -> str:
        """The citizen's number."""
        return self.sender if self.inbound else self.to

    def moved(self, status: str, error_code: int | None = None) -> None:
        """Give the message another status."""
        now = datetime.now(UTC)
        self.status, self.error_code, self.updated_at = status, error_code, now
        if self.sent_at is None and status in (STATUS_SENT, STATUS_DELIVERED, STATUS_UNDELIVERED):
            self.sent_at = now
        if status == STATUS_DELIVERED:
            self.arrived_at = now


@dataclass(slots=True)
class Handset:
    """One phone number, its messages in order, how many of them nobody has looked at, and whose it is."""

    phone: str
    messages: list[Message] = field(default_factory=list)
    unread: int = 0
    switches: Switches = field(default_factory=Switches)
    about: Sequence[About] = ()

    def written(self) -> int:
        """How many messages were written on it."""
        return sum(message.inbound for message in self.messages)

    def switched(self) -> dict[str, bool]:
        """The switches by name."""
        return asdict(self.switches)

    def unanswered(self) -> list[str]:
        """The texts that arrived since something was written on it, in the order of their arrival."""
        since = max((message.created_at for message in self.messages if message.inbound), default=None)
        here = [
            (message.arrived_at, message.text)
            for message in self.messages
            if not message.inbound and message.arrived_at and (since is None or message.arrived_at > since)
        ]
        return [text for _, text in sorted(here)]


def new_sid(prefix: str = "SM") -> str:
    """A sid as the SMS API makes them."""
    return prefix + uuid.uuid4().hex


class Handsets:
    """All handsets, the most recently used first, and who wants to know of changes."""

    def __init__(self) -> None:
        self._by_phone: dict[str, Handset] = {}
        self._messages: dict[str, Message] = {}
        self._newest: deque[Message] = deque()
        self._watchers: list[Callable[[Handset], None]] = []

    def __iter__(self) -> Iterator[Handset]:
        return reversed(self._by_phone.values())

    def __len__(self) -> int:
        return len(self._by_phone)

    def get(self, phone: str) -> Handset | None:
        """The handset of a number, if it has ever been used."""
        return self._by_phone.get(phone)

    def at(self, phone: str) -> Handset:
        """The handset of a number, new if need be. Raises `ValueError` where it is no number in E.164."""
        found = self._by_phone.get(phone)
        if found is None:
            found = self._by_phone[check_phone(phone)] = Handset(phone)
        return found

    def add(self, message: Message) -> Handset:
        """Put a message on its handset, which moves to the front."""
        handset = self.at(message.phone)
        self._by_phone[handset.phone] = self._by_phone.pop(handset.phone)
        handset.messages.append(message)
        return handset

    def listed(self, message: Message) -> None:
        """The SMS API has the message from now on, and lists it."""
        message.listed_at = datetime.now(UTC)
        self._messages[message.sid] = message
        self._newest.appendleft(message)

    def message(self, sid: str) -> Message | None:
        """The message with this sid, if the SMS API has it."""
        return self._messages.get(sid)

    def newest_first(self, phone: str | None = None) -> Iterator[Message]:
        """All messages that the SMS API has, or those of one handset."""
        if phone is None:
            return iter(list(self._newest))
        handset = self._by_phone.get(phone)
        return (each for each in reversed(handset.messages if handset else []) if each.listed_at)

    def watch(self, watcher: Callable[[Handset], None]) -> Callable[[], None]:
        """Call the watcher at each change of a handset. Returns what ends this."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def changed(self, handset: Handset) -> None:
        """Tell the watchers."""
        for watcher in list(self._watchers):
            watcher(handset)
