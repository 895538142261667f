"""What is measured: jardem of this code and, in turn with it, of another checkout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.bench.installed import OUR_CODE, Jardem
from ops.bench.measured import AGAINST, OURS
from ops.bench.stand import Played, Stand
from streams.errors import UserError


class NoCheckoutError(UserError):
    """A folder that is no checkout of jardem."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """A version of jardem, by what reports call it and where its code is."""

    name: str
    code: Path

    def on(
        self,
        stand: Stand,
        *,
        workers: int = 1,
        more: Mapping[str, str] | None = None,
        recovery_seconds: float = 60.0,
    ) -> Jardem:
        """A system of it, not started, with its data beside the stand's."""
        return Jardem(
            self.name,
            stand.folder / "jardem",
            code=self.code,
            workers=workers,
            more=more,
            recovery_seconds=recovery_seconds,
        )


def subjects(against: Path | None) -> Sequence[Subject]:
    """This code, and the other's where there is one. Raises `NoCheckoutError`."""
    ours = Subject(OURS, OUR_CODE)
    if against is None:
        return (ours,)
    code = against.resolve()
    if not (code / "jardem.py").is_file():
        raise NoCheckoutError(f"{against} has no jardem.py: give the folder of a checkout of jardem")
    return (ours, Subject(AGAINST, code))


def case_figures(played: Played, system_roles: Sequence[str]) -> dict[str, float]:
    """The figures of full cases that were played: how many a second, what each costs, how long it takes."""
    result = played.result
    figures = {"cases_per_second": float(result["rate"])}
    figures["cpu_ms"] = sum(played.milliseconds_a_case(role) for role in system_roles)
    for role in played.seconds:
        figures[f"cpu_ms.{role}"] = played.milliseconds_a_case(role)
    for name in ("first_sms", "answer", "case"):
        for quantile, value in result[f"{name}_ms"].items():
            figures[f"{name}_{quantile}_ms"] = float(value)
    return figures
