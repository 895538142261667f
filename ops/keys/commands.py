"""`jardem keys`: parses arguments and wires the parts, as jardem.py does for the other commands."""

from pathlib import Path
from typing import Annotated

import typer

keys_app = typer.Typer(no_args_is_help=True)


@keys_app.command("new")
def keys_new(
    begins: Annotated[
        str | None, typer.Option("--from", help="When it begins to sign; by default now.")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="The folder; by default JARDEM_SIGNING_KEYS.")] = None,
) -> None:
    """Make a signing key and print its kid."""
    from ops.keys.folder import instant, new_key, required
    from streams.settings.load import load_settings

    settings = load_settings("keys")
    folder = into or required(settings.signing_keys)
    typer.echo(new_key(folder, settings.clock().now(), instant(begins)))


@keys_app.command("pseudonyms")
def keys_pseudonyms(
    file: Annotated[Path, typer.Argument(help="The file to write, for JARDEM_PSEUDONYMS_IN_USE.")],
    *,
    with_cases: Annotated[
        bool,
        typer.Option(
            "--with-cases",
            help="Only persons who have a case that is kept; of the others, facts are loaded anew.",
        ),
    ] = False,
) -> None:
    """Write down which pseudonyms are in use, while everything is stopped, before their key is changed."""
    from ops.keys.pseudonyms import write_in_use
    from streams.settings.load import load_settings

    for line in write_in_use(load_settings("keys pseudonyms"), file, only_cases=with_cases):
        typer.echo(line)


@keys_app.command("source")
def keys_source(
    source: Annotated[str, typer.Argument(help="The ce_source whose events are signed, like urn:kz:titles.")],
    topic: Annotated[list[str], typer.Option(help="A topic that it writes; several times for several.")],
    into: Annotated[Path, typer.Option(help="The registry's own folder of keys.")],
) -> None:
    """Make a key with which a registry signs its events, and print the key set to hand over."""
    from ops.keys.source import new_source_key

    typer.echo(new_source_key(into, source, tuple(topic)))


@keys_app.command("rotate")
def keys_rotate(
    begins: Annotated[
        str | None, typer.Option("--from", help="When the new one begins to sign; by default in 7 days.")
    ] = None,
    overlap: Annotated[int, typer.Option(min=1, help="Days for which the former one verifies on.")] = 30,
) -> None:
    """Make the key that follows the one that signs now, and print its kid."""
    from datetime import timedelta

    from ops.keys.folder import instant, required, rotate
    from streams.settings.load import load_settings

    settings = load_settings("keys")
    now = settings.clock().now()
    start = instant(begins) or now + timedelta(days=7)
    kid, former = rotate(required(settings.signing_keys), now, start, timedelta(days=overlap))
    typer.echo(f"{kid} follows {former} from {start:%Y-%m-%d %H:%M:%S} UTC on")


@keys_app.command("list")
def keys_list(
    *, as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False
) -> None:
    """Show the keys: from when, until when, authorised by which act, and which of them signs now."""
    from ops.keys.folder import folder_keys, listed, listed_json
    from streams.settings.load import load_settings

    settings = load_settings("keys")
    keys, now = folder_keys(settings.signing_keys), settings.clock().now()
    typer.echo(listed_json(keys, now) if as_json else "\n".join(listed(keys, now)))


# A kid is base64url: one in 64 begins with a hyphen, and is no option.
@keys_app.command("authorise", context_settings={"ignore_unknown_options": True})
def keys_authorise(
    kid: Annotated[str, typer.Argument(help="The key, as jardem keys list shows it.")],
    by: Annotated[str, typer.Option(help="The act that authorises it.")],
) -> None:
    """Let a key decide without an officer, by an act."""
    from ops.keys.folder import authorise, required
    from streams.settings.load import load_settings

    authorise(required(load_settings("keys").signing_keys), kid, by)


@keys_app.command("export")
def keys_export(
    file: Annotated[str, typer.Argument(help="Where to; - writes standard output.")],
) -> None:
    """Write the public keys, with which everybody can verify our documents."""
    from ops.files import write_file
    from ops.keys.folder import folder_keys
    from streams.settings.load import load_settings

    write_file(file, folder_keys(load_settings("keys").signing_keys).written().encode())
