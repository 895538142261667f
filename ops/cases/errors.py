"""What cannot be told of a case, for whoever asked."""

from streams.errors import UserError


class NoConsentError(UserError):
    """No document holds a consent: exit code 1."""


class AskedWronglyError(UserError):
    """The arguments, or what came on standard input, are not what they should be: exit code 2."""

    exit_code = 2
