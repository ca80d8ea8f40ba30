/* A client of Ouzel: requests with their replies, and the stream of events without gaps. docs/protocol.md says why.
 *
 * Messages are values of jansson; byte strings are {"$bin": "<base64>"} in them. Functions that give a json_t * give a
 * reference that is the caller's to drop, and NULL where there is none. Nothing here is for more than one thread. */
#ifndef OUZEL_H
#define OUZEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { OUZEL_DEADLINE_MS = 10000, OUZEL_GRACE_MS = 1000, OUZEL_ASK_AGAIN_MS = 3000, OUZEL_PAGE = 1000 };

/* wire.c: the map in one frame, or NULL and `why` where it is not one map of what the wire allows; and its bytes, which
 * the caller frees. */
json_t *ouzel_decode(const void *frame, size_t size, const char **why);
unsigned char *ouzel_encode(const json_t *message, size_t *size);
json_t *ouzel_bytes(const unsigned char *bytes, size_t size);

/* Z85 text of 40 characters each; see zmq_curve(7). */
typedef struct {
    char server_key[41], public_key[41], secret_key[41];
} ouzel_curve;

typedef struct ouzel ouzel;

/* NULL where an endpoint is no endpoint. `curve` may be NULL. */
ouzel *ouzel_open(const char *commands, const char *events, const ouzel_curve *curve);
void ouzel_close(ouzel *client);

/* Sends a request as it stands, again each `again_ms` under the same id; the reply's map, or NULL after `ms`. */
json_t *ouzel_request(ouzel *client, const json_t *request, int ms, int again_ms);

/* The reply to `op`, OK or not, or NULL without an answer. Takes the reference to `args`, which may be NULL. */
json_t *ouzel_ask(ouzel *client, const char *op, json_t *args);

/* Whether a reply is OK, and whether the same request may succeed: "never", "later" or "resnapshot". */
bool ouzel_ok(const json_t *reply);
const char *ouzel_retry(const json_t *reply);

/* All torrents at one time: {epoch, seq, torrents}. Rows of later pages can be newer than `seq`, never older. The reply
 * itself where it was refused, NULL without an answer. */
json_t *ouzel_snapshot(ouzel *client);

/* Hands over {"snapshot": ...} first, and again where events were lost for good, and every lifecycle event after it,
 * until `sink` says false. `sink` gets NULL each half second, but not while a reply is awaited, which can take as long
 * as the daemon says `later`; and the last reply where it was refused for good, which ends the watch. False where there
 * was no answer to the first snapshot; later on it is waited for. */
typedef bool (*ouzel_sink)(const json_t *item);
bool ouzel_watch(ouzel *client, ouzel_sink sink);

#endif
