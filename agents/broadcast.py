"""What every partition of an inbox has to hear: the same event, once to each, under the service's key."""

from dataclasses import replace

from schemas.cloudevents import CloudEvent, encode
from schemas.operators import OperatorActed
from sms.sending import daily_number
from streams.dead_letters import UnreadableRecordError
from streams.records import Outgoing
from streams.topics import SMS_OUTBOX


def daily_sms(acted: OperatorActed, event: CloudEvent, partitions: int) -> list[Outgoing]:
    """The act that says the daily number of SMS, for each partition of the outbox; of other acts nothing.

    Raises `UnreadableRecordError` where it says no number: then one dead letter is enough.
    """
    if acted.object.kind != "offers" or acted.act != daily_number.ACT:
        return []
    try:
        daily_number.number_said(acted)
    except ValueError as error:
        raise UnreadableRecordError(str(error)) from None
    headers, value = encode(replace(event, extensions={}))
    to_each = Outgoing(SMS_OUTBOX, daily_number.KEY, value, headers)
    return [replace(to_each, partition=partition) for partition in range(partitions)]
