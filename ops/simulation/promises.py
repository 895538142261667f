"""What a run promises, and what it is when a promise is broken."""


class BrokenPromiseError(Exception):
    """Something happened that must never happen. `promise` names what, `detail` where."""

    def __init__(self, promise: str, detail: str = "") -> None:
        super().__init__(f"{promise}: {detail}" if detail else promise)
        self.promise = promise
        self.detail = detail


def demand(kept: object, promise: str, detail: str = "") -> None:
    """Raise `BrokenPromiseError` unless the promise is kept."""
    if not kept:
        raise BrokenPromiseError(promise, detail)
