"""The name that commands record for what somebody does: changes of labels, exams."""

import getpass


def user_name() -> str:
    """Return the name of the person who runs the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return "command line"
