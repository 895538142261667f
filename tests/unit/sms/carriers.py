"""The Twilio carrier as tests need it: with the account of the servers that play the SMS API here."""

from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN


def twilio_carrier(
    url: str,
    *,
    sender: str = SENDER,
    token: str = TOKEN,
    status_callback: str = "https://jardem.example/sms/status",
    timeout: float = 15.0,
) -> TwilioCarrier:
    """A carrier for the API at this address, to be used as a context manager."""
    return TwilioCarrier(
        api_url=url,
        account_sid=ACCOUNT,
        auth_token=token,
        sender=sender,
        status_callback=status_callback,
        timeout=timeout,
    )
