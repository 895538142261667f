"""The command, run inside the test."""

from typer.testing import CliRunner

import jardem


def run(*arguments: str, given: bytes = b"", **variables: str) -> tuple[int, str]:
    """The exit code of `jardem` with these arguments, and what it said. Variables go without their prefix."""
    environment = {f"JARDEM_{name}": value for name, value in variables.items()}
    result = CliRunner(env=environment).invoke(jardem.app, arguments, input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        assert isinstance(result.exception, Exception)
        explained = jardem._explained(result.exception)
        if explained is None:
            raise result.exception
        return explained[0], "\n".join(explained[1])
    return result.exit_code, result.output
