"""The one exception that a person, not a program, is meant to read."""


class MepsError(ValueError):
    """Input that cannot be used.

    The message names the file, row, column or argument, what was got, what was
    expected, and what to do. The command line prints it without a traceback.
    """
