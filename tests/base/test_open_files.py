"""The limit of open files, in a process of its own: a limit is lowered for good."""

import subprocess
import sys

RAISES = """
import resource
from mixminus.base.open_files import raise_open_files_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))
raise_open_files_limit()
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_a_process_takes_all_files_that_it_may() -> None:
    assert subprocess.run([sys.executable, "-c", RAISES], capture_output=True, check=True).stdout == b"(200, 200)\n"
