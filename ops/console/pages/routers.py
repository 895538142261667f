"""The routers of all pages that need somebody signed in."""

from fastapi import APIRouter

from ops.console.pages.audit_log import router as audit_log
from ops.console.pages.case import router as case
from ops.console.pages.case_acts import router as case_acts
from ops.console.pages.cases import router as cases
from ops.console.pages.csv_export import router as csv_export
from ops.console.pages.dead_letters import router as dead_letters
from ops.console.pages.decisions import router as decisions
from ops.console.pages.doubts import router as doubts
from ops.console.pages.events import router as events
from ops.console.pages.hearings import router as hearings
from ops.console.pages.help import router as help_
from ops.console.pages.now import router as now
from ops.console.pages.questioned import router as questioned
from ops.console.pages.reconciliation import router as reconciliation
from ops.console.pages.search import router as search
from ops.console.pages.service import router as service
from ops.console.pages.signing import router as signing

PAGES: tuple[APIRouter, ...] = (
    now,
    events,
    search,
    csv_export,
    cases,
    case,
    case_acts,
    dead_letters,
    decisions,
    signing,
    hearings,
    questioned,
    doubts,
    service,
    reconciliation,
    audit_log,
    help_,
)
"""In the order in which their routes are looked through."""
