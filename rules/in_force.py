"""Which rules an installation goes by on a day (R20, R21)."""

from datetime import date

from rules.data.shipped import shipped
from rules.policy import Policy
from rules.rule_sets import InForce, RuleSet


def rules_on(day: date, policy: Policy) -> InForce | None:
    """The rules of this day, as far as the policy lets them count; None where there are none."""
    return (policy.rule_sets or shipped()).on(day, policy.allowed)


def route_rules(day: date, policy: Policy) -> RuleSet:
    """The rules that say where to apply: on days without rules in force too, the nearest ones."""
    return (policy.rule_sets or shipped()).nearest(day, policy.allowed)
