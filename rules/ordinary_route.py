"""The ordinary route: where to apply, whom to call, and which papers (R16-R19, R22, R23, R25-R28).

What it says stands in the rule set. A category and its papers are told only where a source confirms that they
are the ground's: whoever follows a wrong list is refused for it (R12).
"""

from collections.abc import Sequence

from rules.grounds import DISABILITY_GROUNDS
from rules.rule_sets import Needed, RuleSet
from schemas.outcomes import OrdinaryRoute, RouteForm, RoutePlace
from schemas.values import Ground
from schemas.words import Words

_OR = Words(kk="; немесе", ru="; или", en="; or")
_AND_OR = Words(kk="; және (немесе)", ru="; и (или)", en="; and (or)")
_AND = Words(kk=", сондай-ақ", ru=", а также", en=", as well as")


def ordinary_route(ground: Ground, rules: RuleSet) -> OrdinaryRoute:
    """Where a person with this ground applies when the proactive process is not for them, by these rules."""
    route, entry = rules.route, rules.grounds[ground]
    places = route.disability if ground in DISABILITY_GROUNDS else route.titles
    return OrdinaryRoute(
        where=tuple(
            RoutePlace(place=place, name=venue.name, hours=venue.hours, condition=venue.condition)
            for place in places
            for venue in (route.places[place],)
        ),
        call=route.call,
        home_visit=route.home_visit,
        representative=route.representative,
        forms=tuple(
            RouteForm(place=form.place, name=form.name) for form in route.forms if form.place in places
        ),
        category=entry.categories[0] if entry.verified else None,
        documents=asked_for(rules, entry.categories[0]) if entry.verified else None,
        verified=entry.verified,
    )


def asked_for(rules: RuleSet, n: int) -> tuple[Words, ...]:
    """The papers of a category that a person has to bring: those that state systems do not confirm (R17).

    A category that is divided has no list of its own.
    """
    needed = rules.category(n).documents
    items = (*rules.papers.everybody, *((needed,) if needed else ()))
    return _all(rules, items)


def _all(rules: RuleSet, items: Sequence[str | Needed]) -> tuple[Words, ...]:
    return tuple(words for item in items for words in _asked(rules, item))


def _asked(rules: RuleSet, item: str | Needed) -> tuple[Words, ...]:
    """The lines of one item; none where state systems confirm all of it.

    A choice is told whole: that one paper of it is confirmed helps only those who have that one.
    """
    if isinstance(item, str):
        document = rules.documents[item]
        return () if document.confirmed else (document.words,)
    if item.all:
        return _all(rules, item.all)
    if not any(_asked(rules, choice) for choice in item.items):
        return ()
    choices = [_together(rules, choice) for choice in item.items]
    return (_joined(choices, _AND_OR if item.and_or else _OR),)


def _together(rules: RuleSet, item: str | Needed) -> Words:
    """All of one item in one line."""
    if isinstance(item, str):
        return rules.documents[item].words
    by = _AND if item.all else _AND_OR if item.and_or else _OR
    return _joined([_together(rules, each) for each in item.items], by)


def _joined(parts: Sequence[Words], by: Words) -> Words:
    return Words(
        kk=f"{by.kk} ".join(part.kk for part in parts),
        ru=f"{by.ru} ".join(part.ru for part in parts),
        en=f"{by.en} ".join(part.en for part in parts),
    )
