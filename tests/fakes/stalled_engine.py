"""The real engine, which stops before it has checked its parent, until it gets a SIGCONT.

So a test can be in the moment between the start of the process and its hold on its parent, which is otherwise short.
"""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)

from engine_proc.__main__ import main  # noqa: E402  # only after the stop, as nothing of the engine has begun before it

if __name__ == "__main__":
    main()
