"""How many files and sockets a process may have open."""

import resource


def raise_open_files_limit() -> None:
    """As many as the system lets us have: a node has a socket for each leg, connection and webhook, and shells start
    programs with 1,024.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
