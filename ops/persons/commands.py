"""`jardem person`: parses arguments and wires the parts, as jardem.py does for the other commands."""

from typing import Annotated

import typer

person_app = typer.Typer(no_args_is_help=True)


@person_app.callback()
def _person() -> None:
    """What is done about one person at once."""


@person_app.command("erase")
def person_erase(
    person: Annotated[
        str, typer.Argument(metavar="PERSON", help="A person_id, or - for an IIN on standard input.")
    ],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the act.")] = "",
    operator: Annotated[str, typer.Option(metavar="NAME", help="Who does it; kept with the act.")] = "",
    *,
    check: Annotated[bool, typer.Option("--check", help="Only say what would be erased.")] = False,
) -> None:
    """Destroy the keys of a person, so that nobody can read any more what was written under them.

    Exit code 1 where a case of theirs is open or is still to be kept.
    """
    from ops.persons.erasing import AskedWronglyError, Said, check_erasure, erase, person_from
    from streams.pseudonym_keys import pseudonyms_of
    from streams.settings.load import load_settings

    if not check and not (reason.strip() and operator.strip()):
        raise AskedWronglyError("--reason and --operator are missing: say why it is done, and who does it")
    settings = load_settings("person")
    pseudonyms = pseudonyms_of(settings)
    erasure = check_erasure(settings, person_from(person, pseudonyms), pseudonyms)
    if not check:
        said = Said(operator, reason, settings.clock().now())
        erase(settings, erasure, said, lambda line: typer.echo(line, err=True))
    for line in erasure.lines(done=not check):
        typer.echo(line)
