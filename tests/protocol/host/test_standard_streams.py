import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, os, sys
from protocol.host import standard_streams
standard_streams.fill()
opened = os.open(os.devnull, os.O_RDONLY)
found = [opened]
for stream in (1, 2):
    try:
        os.write(stream, b"")
        os.write(stream, b"\\n")
        found.append("written")
    except OSError as error:
        found.append(error.strerror)
os.write(int(sys.argv[1]), json.dumps(found).encode())
"""


@pytest.mark.parametrize("closed", ["", "2>&-", "1>&-", "0<&- 1>&- 2>&-"])
def test_no_file_gets_the_number_of_a_stream(closed: str) -> None:
    """Closed streams are open afterwards and cannot be written; the others are unchanged."""
    shell = f'exec "$0" -c "$1" 3 3>&1 {closed}' if "1>&-" not in closed else f'exec 3>&1; exec "$0" -c "$1" 3 {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", shell, sys.executable, SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    opened, *streams = json.loads(done.stdout.lstrip())
    assert opened > 2
    expected = [("Bad file descriptor" if f"{stream}>&-" in closed else "written") for stream in (1, 2)]
    assert streams == expected
