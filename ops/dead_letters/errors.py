"""What cannot be done with a dead letter, for whoever asked."""

from streams.errors import UserError


class NoLetterError(UserError):
    """There is no such dead letter: exit code 1."""


class NotTakenBackError(UserError):
    """The dead letter cannot be sent back, or was sent back already: exit code 1."""


class AskedWronglyError(UserError):
    """The arguments are not what they should be: exit code 2."""

    exit_code = 2
