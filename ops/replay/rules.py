"""The rules that a case is replayed under: those of the day, or one set in place of them all."""

from dataclasses import replace
from datetime import date

from rules.data.shipped import shipped
from rules.policy import Policy
from rules.rule_sets import Permissions, RuleSets
from streams.errors import UserError


class UnknownRulesError(UserError):
    """There is no rule set of the version that was asked for: exit code 2."""

    exit_code = 2


def under(policy: Policy, version: str) -> Policy:
    """The policy where this rule set is in force on every day, a draft too, and no other is.

    Its decisions name the version as it was asked for. Raises `UnknownRulesError`.
    """
    sets = policy.rule_sets or shipped()
    try:
        named = sets.named(version)
    except KeyError:
        known = ", ".join(rules.version for rules in sets.sets)
        raise UnknownRulesError(f"--rules: there are no rules {version!r}; there are: {known}") from None
    every_day = {"version": version, "in_force_from": date.min, "repealed_from": None}
    only = RuleSets((named.model_copy(update=every_day),))
    return replace(policy, rule_sets=only, allowed=Permissions(drafts=True))
