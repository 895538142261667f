"""The ordinary route: where to apply, whom to call, and which documents (R16-R19).

The documents are in the order's own words. Which category belongs to the disability grounds was not found in
any source; that part of the table is marked unverified.
"""

from rules.grounds import DISABILITY_GROUNDS
from schemas.outcomes import OrdinaryRoute
from schemas.values import Ground

_IDENTITY = "жеке басты куәландыратын құжат"
_DISABILITY = "мүгедектігі туралы анықтама"
_WAR_DISABILITY = (
    "әскери қызметшілер қатарындағы мүгедек екендігі туралы куәлігі",
    "жараланғаны, контузия алуы, зақымдануы, мүгедектігі туралы анықтама",
)

# Ground: number of the category in the order's list, and its documents (L394-1190).
_CATEGORIES: dict[Ground, tuple[int, tuple[str, ...]]] = {
    Ground.PEOPLES_HERO: (4, ('"Халық қаһарманы" атағы берілгенін растайтын құжат',)),
    Ground.HERO_OF_LABOUR: (5, ('"Қазақстанның Еңбек Ері" атағы берілгенін растайтын құжат',)),
    Ground.DISABILITY_1_1: (7, _WAR_DISABILITY),
    # The order's list has disabilities of this kind for residents of Baikonur only, with a proof of their
    # Russian pension, which nobody else can bring.
    Ground.DISABILITY_7: (15, (_DISABILITY,)),
    Ground.DISABILITY_8: (16, (_DISABILITY,)),
    Ground.DISABILITY_8_1: (15, (_DISABILITY,)),
}
_WHERE_TITLE = ("State Corporation", "egov.kz")
_WHERE_DISABILITY = ("provider (medical and social expertise unit)", "State Corporation", "egov.kz")
_CALL = ("1414", "8 800 080 7777")


def ordinary_route(ground: Ground) -> OrdinaryRoute:
    """Where a person with this ground applies when the proactive process is not for them."""
    category, documents = _CATEGORIES[ground]
    disability = ground in DISABILITY_GROUNDS
    return OrdinaryRoute(
        where=_WHERE_DISABILITY if disability else _WHERE_TITLE,
        call=_CALL,
        category=category,
        documents=(_IDENTITY, *documents),
        verified=not disability,
    )
