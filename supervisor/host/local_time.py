"""The local time of this machine, by the wall clock and the time zone."""

import time


def local_time() -> tuple[int, int]:
    """Returns the day of the week (Monday is 0) and the minute of the day."""
    now = time.localtime()
    return now.tm_wday, now.tm_hour * 60 + now.tm_min
