"""The one exception of this package: a file that cannot be taken at all."""


class SheetRefused(ValueError):
    """The whole file cannot be read; the message is a plain Chinese sentence for its sender."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
