"""What a batch of records changes, put together before the database is touched."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from ops.read_model.changes import Change, Folded, Latest, Told, key_of
from ops.read_model.fitting import check_fits
from ops.read_model.folds import FOLDS, Known
from ops.read_model.projections.project import project
from ops.read_model.projections.reading import Means, UnreadError
from ops.read_model.tables import steps
from schemas.ids import person_of
from streams.records import NotUnpacked, Record

Rows = dict[Table, dict[tuple[Any, ...], Known]]

_LONGEST_REASON = 300
LOOKED_UP = ("message", "dead_letter")
"""Kinds of what is acted on of which an act does not say whose it is."""


@dataclass(slots=True)
class Prepared:
    """The rows of a batch, each key once.

    `cases`, `phones`, `persons` and `decisions` are those about which anything was told, `objects` what was
    acted on that is none of these.
    """

    told: Rows = field(default_factory=lambda: defaultdict(dict))
    latest: dict[tuple[Table, str], dict[tuple[Any, ...], Known]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    folded: dict[Table, dict[str, Known]] = field(default_factory=lambda: defaultdict(dict))
    unread: Counter[tuple[str, str]] = field(default_factory=Counter)
    cases: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)

    def add(self, change: Change) -> None:
        """Add a change to what is known of its row in this batch."""
        match change:
            case Told(table, row):
                known = self.told[table].setdefault(key_of(table, row), dict(row))
                if table is steps:
                    known["twice"] = int(bool(known.get("twice")) or known["digest"] != row["digest"])
                self._note(row)
            case Latest(table, row, by):
                rows, key = self.latest[table, by], key_of(table, row)
                if key not in rows or rows[key][by] < row[by]:
                    rows[key] = dict(row)
                self._note(row)
            case Folded(table, folded_key, what):
                found, fold = self.folded[table], FOLDS[table.name]
                known = dict(what)
                found[folded_key] = fold(found[folded_key], known) if folded_key in found else known
                self._note(what)

    def _note(self, row: Any) -> None:  # noqa: ANN401 - a row of any table
        if case_id := row.get("case_id"):
            self.cases.add(case_id)
        if phone_id := row.get("phone_id"):
            self.phones.add(phone_id)
        if person_id := row.get("person_id"):
            self.persons.add(person_id)
        if decision_id := row.get("decision_id"):
            self.decisions.add(decision_id)
            self.persons.add(person_of(decision_id))
        if whose := row.get("whose"):
            # The key of a record that nobody could read may be a person's or a number's.
            self.persons.add(whose)
            self.phones.add(whose)
        if row.get("object_kind") in LOOKED_UP:
            self.objects.add(row["object_id"])


def prepare(items: Iterable[Record | NotUnpacked], means: Means) -> Prepared:
    """What these records change. What can't be read in them is counted, and raises nothing."""
    prepared = Prepared()
    for item in items:
        for change in _changes(item, means, prepared):
            prepared.add(change)
    return prepared


def _changes(item: Record | NotUnpacked, means: Means, prepared: Prepared) -> Sequence[Change]:
    try:
        changes = project(item, means)
        for change in changes:
            check_fits(change.table, change.what if isinstance(change, Folded) else change.row)
    except UnreadError as error:
        reason = str(error)[:_LONGEST_REASON]
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - one record never stops the others, whatever is in it
        reason = f"it cannot be taken in ({type(error).__name__})"
    else:
        return changes
    prepared.unread[item.topic, reason] += 1
    return ()
