"""`jardem case`: parses arguments and wires the parts, as jardem.py does for the other commands."""

from typing import Annotated

import typer

case_app = typer.Typer(no_args_is_help=True)

_CASE = typer.Argument(metavar="CASE", help="The case, as jardem case list shows it.")
_JSON = typer.Option("--json", help="As one JSON object.")


@case_app.command("list")
def case_list(
    state: Annotated[str | None, typer.Option(help="Only cases in this state, like ended.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    *,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """List the cases, those that moved last first: state and outcome of each."""
    from ops.cases.listing import list_cases
    from streams.settings.load import load_settings

    listing = list_cases(load_settings("case"), state=state, limit=limit)
    for line in listing.notes:
        typer.echo(line, err=True)
    for line in [listing.json()] if as_json else listing.lines():
        typer.echo(line)


@case_app.command("show")
def case_show(
    case: Annotated[str, _CASE],
    *,
    evidence: Annotated[bool, typer.Option("--evidence", help="With the texts of its documents.")] = False,
    timeline: Annotated[
        bool,
        typer.Option(
            "--timeline", help="With SMS, documents and acts between the steps, as the console has it."
        ),
    ] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show what became of a case, step by step. Exit code 1 where there is no such case."""
    from ops.cases.showing import Detail, show_case
    from streams.settings.load import load_settings

    detail: Detail | None = None
    if timeline:
        from ops.console.extra import require_console

        require_console()
        from ops.cases.timeline import case_detail

        detail = case_detail
    shown = show_case(case, load_settings("case"), evidence=evidence, detail=detail)
    for line in [shown.json()] if as_json else shown.lines():
        typer.echo(line)


@case_app.command("consent")
def case_consent(
    case: Annotated[str | None, _CASE] = None,
    person: Annotated[
        str | None, typer.Option(metavar="-", help="In place of CASE: read an IIN from standard input.")
    ] = None,
    out: Annotated[str, typer.Option(help="Write to this file; by default to standard output.")] = "-",
) -> None:
    """Export the consents of a case, or of a person's cases, as JSON. Exit code 1 where there is none."""
    from ops.cases.consents import export_consents
    from ops.files import write_file
    from streams.settings.load import load_settings

    export = export_consents(case, person, load_settings("case"))
    for line in export.notes:
        typer.echo(line, err=True)
    write_file(out, export.json().encode())


@case_app.command("replay")
def case_replay(
    case: Annotated[str, _CASE],
    rules: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="These rules on every day, in place of those of the day."),
    ] = None,
    *,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Play a case again and show what would differ: steps, outcome, texts. Changes nothing.

    Exit code 0 where nothing differs, 1 where it does or there is no such case, 2 where records are missing.
    """
    from ops.replay.replaying import replay_case
    from streams.settings.load import load_settings

    replayed = replay_case(case, rules, load_settings("case"))
    for line in [replayed.json()] if as_json else replayed.lines():
        typer.echo(line)
    if replayed.exit_code:
        raise typer.Exit(replayed.exit_code)
