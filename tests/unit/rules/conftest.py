import pytest

from schemas.questions import Consent
from schemas.values import Language
from tests.unit.rules.case_desk import ACCOUNT, MINUTE, REGISTERED, TITLE, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def offered(desk: Desk) -> Desk:
    """The offer has left at noon."""
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    return desk


@pytest.fixture
def consented(offered: Desk) -> Desk:
    """A consent in Russian a minute later; the account question has left as well."""
    offered.now += MINUTE
    offered.hears(Consent(language=Language.RUSSIAN))
    offered.sent(ACCOUNT)
    return offered
