"""What can go wrong with a published record; every message is complete without a traceback."""


class ArchiveError(RuntimeError):
    """A record could not be read, written or believed; the message says which and why."""


class ManifestError(ArchiveError, ValueError):
    """A manifest is not what it must be; the message names the file, the key and the value."""


class BundleError(ArchiveError, ValueError):
    """A bundle does not hold what its manifest lists; the message names bundle and member."""


class TokenError(ArchiveError):
    """The server refused the token; the token itself is never part of the message."""


class MovedError(ArchiveError):
    """What was asked for is at another address.

    Attributes:
        location: where, as the server says it.
    """

    def __init__(self, message: str, location: str) -> None:
        super().__init__(f"{message} to {location[:200]}")
        self.location = location


class InterruptedRequestError(ArchiveError):
    """A request that must not be sent twice ended without an answer: whether it had an effect is unknown.

    Attributes:
        wait: seconds that the server asks to wait; None if it does not say.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait
