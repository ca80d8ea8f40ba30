"""An engine that dies at once while the file named by `FAULT_FILE` exists; otherwise it is the real engine."""

import os
import sys
from pathlib import Path

from engine_proc.__main__ import main

EXIT_FAULT = 70

if __name__ == "__main__":
    if Path(os.environ["FAULT_FILE"]).exists():
        sys.stderr.write("dies as it was asked to\n")
        sys.stderr.flush()
        os._exit(EXIT_FAULT)
    main()
