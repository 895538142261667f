"""The form of a call is the one that the standard library writes."""

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from sms.twilio.http import form

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    st.dictionaries(_TEXTS, _TEXTS | st.integers() | st.booleans() | st.lists(_TEXTS, max_size=3), max_size=4)
)
def test_a_form_is_written_as_urlencode_writes_it(fields: dict[str, object]) -> None:
    assert form(fields) == urlencode(fields, doseq=True).encode()
