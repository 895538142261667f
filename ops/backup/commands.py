"""`jardem backup`: parses arguments and wires the parts, as jardem.py does for the other commands."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

_CATCH_UP = timedelta(hours=1)

backup_app = typer.Typer(no_args_is_help=True)

_Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The backup's folder.")]


@backup_app.command("take")
def backup_take(folder: _Folder) -> None:
    """Lay all topics, and how far the workers have read, into a new folder, while they work."""
    from ops.backup.take import take
    from streams.settings.load import load_settings

    take(load_settings("topics"), folder, typer.echo)


@backup_app.command("check")
def backup_check(folder: _Folder) -> None:
    """Hold a backup's files against its manifest. Exit code 1 where one is not as it was written."""
    from ops.backup.manifest import faults, read

    manifest = read(folder)
    found = faults(folder, manifest)
    for line in found:
        typer.echo(f"wrong {line}")
    if found:
        raise typer.Exit(1)
    typer.echo(f"as it was written: {manifest.records} records of {manifest.cut_at.isoformat()}")


@backup_app.command("restore")
def backup_restore(folder: _Folder) -> None:
    """Bring a backup back into brokers that have none of its topics."""
    from ops.backup.restore import restore
    from streams.settings.load import load_settings

    manifest = restore(load_settings("topics"), folder, typer.echo)
    typer.echo(
        f"{manifest.records} records are back. Start workers with empty data folders and with this "
        "(docs/backup.md):\n"
        f"JARDEM_RESTORED_FROM={manifest.cut_at.isoformat()}\n"
        f"JARDEM_RESTORED_UNTIL={(datetime.now(UTC) + _CATCH_UP).isoformat(timespec='seconds')}"
    )
