"""A carrier and its SMS API in memory, for tests that are about neither."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from schemas.ids import MessageId, Sid
from sms.carrier import Accepted, CannotBeAskedError, NotNow, Outcome, Text, Texts
from sms.texts import same_text

_PART = 2


@dataclass
class Sms:
    """What the API took. `sent_at` is when it sent it, once it did."""

    sid: Sid
    phone: str
    text: str
    at: datetime
    sent_at: datetime | None = None


class MemoryCarrier:
    """Takes everything while it is open, unless it is `down`.

    `away` is for how many seconds it takes nothing. `asked` are the sids whose sent time was asked for.
    """

    def __init__(self) -> None:
        self.taken: list[Sms] = []
        self.written: list[Text] = []
        self.asked: list[Sid] = []
        self.down = False
        self.open = False
        self.away = 0.0

    @property
    def name(self) -> str:
        return "memory"

    @property
    def sender(self) -> str:
        return "+77010000000"

    async def __aenter__(self) -> Self:
        self.open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.open = False

    def meaning_of(self, code: int | None) -> str:
        return f"code {code}"

    def seconds_away(self, phone: str) -> float:
        del phone
        return self.away

    async def send(self, phone: str, text: str, *, message_id: MessageId | None = None) -> Outcome:
        del message_id
        if self.down or not self.open:
            return NotNow("down")
        sms = Sms(Sid(f"SM{len(self.taken) + 1}"), phone, text, datetime.now(UTC))
        self.taken.append(sms)
        return Accepted(sms.sid, sms.at)

    async def find(
        self,
        phone: str,
        text: str,
        *,
        since: datetime,
        except_sids: Collection[Sid],
        moments_aside: bool = False,
        message_id: MessageId | None = None,
    ) -> Accepted | None:
        del message_id
        self._fail()
        for sms in reversed(self.taken):
            same = sms.phone == phone and same_text(sms.text, text, moments_aside=moments_aside)
            if same and sms.at >= since and sms.sid not in except_sids:
                return Accepted(sms.sid, sms.at, sms.sent_at)
        return None

    async def received(self, since: datetime, following: str | None = None) -> Texts:
        self._fail()
        wanted = [text for text in reversed(self.written) if text.at >= since]
        begin = int(following or 0)
        end = begin + _PART
        return Texts(wanted[begin:end], str(end) if end < len(wanted) else None)

    async def sent_at(self, sid: Sid) -> datetime | None:
        self._fail()
        self.asked.append(sid)
        return next((sms.sent_at for sms in self.taken if sms.sid == sid), None)

    def sends(self, sid: Sid, at: datetime) -> None:
        """The message leaves the API at this instant."""
        [sms] = [sms for sms in self.taken if sms.sid == sid]
        sms.sent_at = at

    def receive(self, phone: str, text: str, at: datetime) -> None:
        """A citizen's text, newer than all before."""
        self.written.append(Text(Sid(f"IN{len(self.written) + 1}"), phone, text, at))

    def _fail(self) -> None:
        if self.down or not self.open:
            raise CannotBeAskedError("down", passing=True)
