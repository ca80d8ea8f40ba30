"""Refuses frames that are no valid requests, and limits the rate of these refusals for each connection."""

import time
from functools import partial

from protocol.wire.envelope import DEFAULT_DEADLINE_MS, RefusedRequest, peek_header
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.requests.claims import BadFrames, too_many
from supervisor.requests.replies import Replies
from supervisor.requests.tarpit import Tarpit


class InvalidFrames:
    """The refusals of invalid frames and requests.

    Args:
        replies: sends the refusals.
    """

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._bad_frames = BadFrames()
        self._tarpit = Tarpit()

    def close(self) -> None:
        """Sends all delayed refusals, and delays none from now on."""
        self._tarpit.close()

    def refuse_frame(self, route: list[bytes], frame: bytes, error: OuzelError) -> None:
        """Refuses a frame that could not be parsed. If it has a valid id, the refusal names the id."""
        request_id = error.request_id if isinstance(error, RefusedRequest) else None
        if request_id is None:
            self.refuse_unnamed(route, error)
        else:
            header = peek_header(frame)
            patience_s = DEFAULT_DEADLINE_MS / 1000 if header is None else header.patience_s
            self.refuse_request(route, request_id, error, patience_s)

    def refuse_unread(self, frames: list[bytes], error: OuzelError) -> None:
        """Refuses a message of which only the id is read."""
        *route, frame = frames
        header = peek_header(frame)
        if header is None:
            self.refuse_unnamed(route[:1], error)
        else:
            self._replies.refuse(route, header.id, error)

    def refuse_unnamed(self, route: list[bytes], error: OuzelError) -> None:
        """Answers a frame that has no valid id. The rate of these answers is limited for each connection."""
        match self._bad_frames.note(route[0], time.monotonic()):
            case "error":
                self._replies.refuse(route, None, error)
            case "limit":
                problem = "too many frames without a readable id; the next ones are dropped"
                limited = OuzelError(ErrorKind.TOO_MANY_BAD_FRAMES, problem, retry_after_ms=1000)
                self._replies.refuse(route, None, limited)
            case None:
                pass

    def refuse_request(self, route: list[bytes], request_id: str | int, error: OuzelError, patience_s: float) -> None:
        """Refuses an invalid request that has a valid id.

        If the connection exceeds its rate limit, the refusal is delayed.
        """
        late = partial(
            self._replies.refuse, route, request_id, error.with_traceback(None)
        )  # a delayed error must not keep the traceback's frames in memory
        if not self._tarpit.enqueue(route[0], late, patience_s):
            self._replies.refuse(route, request_id, too_many())
