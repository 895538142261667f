"""What whoever runs jardem can mend: said in lines, without a traceback."""


class UserError(Exception):
    """Something that is the user's to mend. `problems` are lines, each with what to do about it.

    The command prints them and ends with `exit_code`: 1 failed, 2 wrong arguments or settings.
    """

    exit_code = 1

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class NoBrokerError(UserError):
    """No broker answers; the message names the addresses and the likely cause."""


class AddressTakenError(UserError):
    """Something listens already where we should."""

    def __init__(self, variable: str, address: str, *, may_be_off: bool = False) -> None:
        off = ", or to off" if may_be_off else ""
        super().__init__(
            f"{variable} is {address}, where something listens already (another process of ours, perhaps): "
            f"set it to another address, to port 0 for any that is free{off}"
        )
