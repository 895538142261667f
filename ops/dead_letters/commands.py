"""`jardem dead-letters`: parses arguments and wires the parts, as jardem.py does for the other commands."""

from typing import Annotated

import typer

dead_letters_app = typer.Typer(no_args_is_help=True)

_ID = typer.Argument(
    metavar="ID", help="As jardem dead-letters list shows it; PARTITION/OFFSET or OFFSET do."
)
_IDS = typer.Argument(metavar="ID...", help="As jardem dead-letters list shows them.")
_JSON = typer.Option("--json", help="As one JSON object.")
_REASON = typer.Option(help="Why; it is kept with the act.")
_OPERATOR = typer.Option(metavar="NAME", help="Who does it; kept with the act.")


@dead_letters_app.command("list")
def letters_list(
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Only where the reason has it.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only what came from this topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Redriven and discarded ones too.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """List the dead letters that are open, the newest first: where each came from, and why it was refused."""
    from ops.dead_letters.listing import Wanted, list_letters
    from streams.settings.load import load_settings

    listing = list_letters(load_settings("dead-letters"), Wanted(reason, topic, everything, limit))
    for line in listing.notes:
        typer.echo(line, err=True)
    for line in [listing.json()] if as_json else listing.lines():
        typer.echo(line)


@dead_letters_app.command("show")
def letters_show(
    id_: Annotated[str, _ID],
    *,
    raw: Annotated[bool, typer.Option("--raw", help="The value as it came, nothing masked.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show a dead letter, with what names a person masked. Exit code 1 where there is none with this id."""
    from ops.dead_letters.showing import show_letter
    from streams.settings.load import load_settings

    shown = show_letter(id_, load_settings("dead-letters"))
    if raw and not as_json:
        typer.echo(shown.raw, nl=False)
        return
    for line in [shown.json(raw=raw)] if as_json else shown.lines():
        typer.echo(line)


@dead_letters_app.command("redrive")
def letters_redrive(
    ids: Annotated[list[str], _IDS],
    reason: Annotated[str, _REASON],
    operator: Annotated[str, _OPERATOR],
    *,
    again: Annotated[bool, typer.Option("--again", help="Also what was redriven already.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Send dead letters back to where they came from, all or none. What was handled already changes nothing.

    Exit code 1 where one is unknown, cannot be redriven, or was redriven already.
    """
    from ops.dead_letters.acting import Said
    from ops.dead_letters.closing import redrive_letters
    from streams.settings.load import load_settings

    settings = load_settings("dead-letters")
    said = Said(operator, reason, settings.clock().now())
    closed = redrive_letters(ids, settings, said, again=again)
    for line in [closed.json()] if as_json else closed.lines():
        typer.echo(line)


@dead_letters_app.command("discard")
def letters_discard(
    ids: Annotated[list[str], _IDS],
    reason: Annotated[str, _REASON],
    operator: Annotated[str, _OPERATOR],
    *,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Lay dead letters aside: they stay where they are, and are listed no more. All or none.

    Exit code 1 where one is unknown, or was discarded already.
    """
    from ops.dead_letters.acting import Said
    from ops.dead_letters.closing import discard_letters
    from streams.settings.load import load_settings

    settings = load_settings("dead-letters")
    closed = discard_letters(ids, settings, Said(operator, reason, settings.clock().now()))
    for line in [closed.json()] if as_json else closed.lines():
        typer.echo(line)
