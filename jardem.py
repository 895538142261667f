"""The command: parses arguments and wires the parts, nothing else."""

import typer

app = typer.Typer(no_args_is_help=True, help="State benefits without an application.")


@app.callback()
def jardem() -> None:
    """Work with jardem."""


def main() -> None:
    """Run the command."""
    app()
