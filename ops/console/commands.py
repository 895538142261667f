"""`jardem console users` and `jardem console tokens`: they parse arguments and wire the parts."""

import asyncio
import sys
from typing import Annotated

import typer

console_app = typer.Typer()
users_app = typer.Typer(no_args_is_help=True, help="The local file of users.")
tokens_app = typer.Typer(no_args_is_help=True, help="Tokens of the read API.")
console_app.add_typer(users_app, name="users")
console_app.add_typer(tokens_app, name="tokens")

Roles = Annotated[
    list[str],
    typer.Option("--role", help="viewer, caseworker, officer or operator; several times for several."),
]


@users_app.command("add")
def users_add(name: Annotated[str, typer.Argument()], role: Roles) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    from ops.console.administration import add_user
    from streams.settings.load import load_settings

    add_user(load_settings("console users"), name, role, _password)


@users_app.command("list")
def users_list() -> None:
    """Show the users and their roles."""
    from ops.console.administration import listed_users
    from streams.settings.load import load_settings

    for line in listed_users(load_settings("console users")):
        typer.echo(line)


@users_app.command("remove")
def users_remove(name: Annotated[str, typer.Argument()]) -> None:
    """Remove a user; their sessions end at once."""
    from ops.console.administration import remove_user
    from streams.settings.load import load_settings

    remove_user(load_settings("console users"), name)


@users_app.command("password")
def users_password(name: Annotated[str, typer.Argument()]) -> None:
    """Give a user another password; their sessions end at once."""
    from ops.console.administration import change_password
    from streams.settings.load import load_settings

    change_password(load_settings("console users"), name, _password)


@tokens_app.command("new")
def tokens_new(
    role: Roles,
    name: Annotated[str, typer.Option(help="What uses it: it stands in the audit.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="After so many days it opens nothing.")] = 90,
) -> None:
    """Make a token and show it, once."""
    from ops.console.administration import new_token
    from streams.settings.load import load_settings

    secret, line = asyncio.run(new_token(load_settings("console tokens"), name, role, days))
    typer.echo(secret)
    typer.echo(line, err=True)


@tokens_app.command("list")
def tokens_list() -> None:
    """Show the tokens, without their secrets."""
    from ops.console.administration import listed_tokens
    from streams.settings.load import load_settings

    for line in asyncio.run(listed_tokens(load_settings("console tokens"))):
        typer.echo(line)


@tokens_app.command("revoke")
def tokens_revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As jardem console tokens list shows it.")],
) -> None:
    """Let a token open nothing any more."""
    from ops.console.administration import revoke_token
    from streams.settings.load import load_settings

    asyncio.run(revoke_token(load_settings("console tokens"), token_id))


def _password() -> str:
    """From a prompt, twice; or a line of standard input where that is no terminal."""
    if sys.stdin.isatty():
        given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return given
    return sys.stdin.readline().rstrip("\r\n")
