import pytest

from tests.simulation.town import Town


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def asked(town: Town) -> Town:
    """A hero with a phone, to whom the offer has been sent."""
    town.learns("phone0", "title")
    return town


@pytest.fixture
def consented(asked: Town) -> Town:
    """The same, after the consent in Russian."""
    asked.reads("2")
    return asked


@pytest.fixture
def family(town: Town) -> Town:
    """Two heroes with one phone; the first has been asked, the second waits behind."""
    for person in (0, 1):
        town.learns("phone0", "title", person=person)
    return town
