#include "ouzel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { WAKE_MS = 500 };

struct ouzel {
    void *context, *commands, *events;
    char name[16 + 2 + 1]; /* under one name and id a request is carried out once, whatever connection it comes by */
    unsigned made;
};

/* Where a watch is: events of `epoch` up to `seq` were handed over; `past` are epochs that are over, of which events
 * can still lie in the queue. */
typedef struct {
    ouzel *client;
    ouzel_sink sink;
    json_t *epoch, *past;
    json_int_t seq;
} watching;

typedef enum { GO_ON, LOST, ENDED, NO_ANSWER } outcome;

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void *connected(ouzel *client, int kind, const char *endpoint, const ouzel_curve *curve)
{
    void *made = zmq_socket(client->context, kind);
    int zero = 0;
    zmq_setsockopt(made, ZMQ_LINGER, &zero, sizeof zero);
    if (kind == ZMQ_SUB) { /* before the snapshot, so that nothing falls between them */
        zmq_setsockopt(made, ZMQ_SUBSCRIBE, "lifecycle/", strlen("lifecycle/"));
        zmq_setsockopt(made, ZMQ_SUBSCRIBE, "tick/", strlen("tick/"));
    }
    if (curve) {
        zmq_setsockopt(made, ZMQ_CURVE_SERVERKEY, curve->server_key, sizeof curve->server_key);
        zmq_setsockopt(made, ZMQ_CURVE_PUBLICKEY, curve->public_key, sizeof curve->public_key);
        zmq_setsockopt(made, ZMQ_CURVE_SECRETKEY, curve->secret_key, sizeof curve->secret_key);
    }
    if (zmq_connect(made, endpoint) != 0) {
        zmq_close(made);
        return NULL;
    }
    return made;
}

ouzel *ouzel_open(const char *commands, const char *events, const ouzel_curve *curve)
{
    ouzel *client = calloc(1, sizeof *client);
    unsigned char chance[8];
    if (!client || getentropy(chance, sizeof chance) != 0)
        abort();
    memcpy(client->name, "c-", 2);
    for (size_t at = 0; at < sizeof chance; at++)
        for (int half = 0; half < 2; half++)
            client->name[2 + 2 * at + (size_t)half] = "0123456789abcdef"[chance[at] >> 4 * half & 15];
    client->context = zmq_ctx_new();
    client->commands = connected(client, ZMQ_DEALER, commands, curve);
    client->events = connected(client, ZMQ_SUB, events, curve);
    if (client->commands && client->events)
        return client;
    ouzel_close(client);
    return NULL;
}

void ouzel_close(ouzel *client)
{
    if (client->commands)
        zmq_close(client->commands);
    if (client->events)
        zmq_close(client->events);
    zmq_ctx_term(client->context);
    free(client);
}

/* The map in the last frame of the next message, or NULL after `ms`. */
static json_t *receive(void *from, long long ms)
{
    zmq_pollitem_t item = {.socket = from, .events = ZMQ_POLLIN};
    json_t *value = NULL;
    const char *why;
    if (zmq_poll(&item, 1, ms > 0 ? (long)ms : 0) <= 0)
        return NULL;
    for (bool more = true; more;) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, from, 0) < 0)
            return NULL;
        more = zmq_msg_more(&frame);
        if (!more)
            value = ouzel_decode(zmq_msg_data(&frame), zmq_msg_size(&frame), &why);
        zmq_msg_close(&frame);
    }
    return value;
}

json_t *ouzel_request(ouzel *client, const json_t *request, int ms, int again_ms)
{
    size_t size;
    unsigned char *frame = ouzel_encode(request, &size);
    json_t *found = NULL;
    long long end = now_ms() + ms;
    while (!found && now_ms() < end) {
        long long again = now_ms() + again_ms;
        zmq_send(client->commands, frame, size, ZMQ_DONTWAIT);
        for (long long left; !found && (left = (again < end ? again : end) - now_ms()) > 0;) {
            json_t *reply = receive(client->commands, left);
            if (reply && json_equal(json_object_get(reply, "id"), json_object_get(request, "id")))
                found = reply;
            else
                json_decref(reply); /* late, of a request that was given up */
        }
    }
    free(frame);
    return found;
}

json_t *ouzel_ask(ouzel *client, const char *op, json_t *args)
{
    char id[40];
    snprintf(id, sizeof id, "%s-%u", client->name, client->made++);
    json_t *request = json_pack("{s:i, s:s, s:s, s:o, s:s, s:i}", "v", 1, "id", id, "op", op, "args",
                                args ? args : json_object(), "client", client->name, "deadline_ms", OUZEL_DEADLINE_MS);
    json_t *reply = ouzel_request(client, request, OUZEL_DEADLINE_MS + OUZEL_GRACE_MS, OUZEL_ASK_AGAIN_MS);
    json_decref(request);
    return reply;
}

bool ouzel_ok(const json_t *reply)
{
    return json_is_true(json_object_get(reply, "ok"));
}

static json_t *error_of(const json_t *reply, const char *member)
{
    return json_object_get(json_object_get(reply, "error"), member);
}

const char *ouzel_retry(const json_t *reply)
{
    const char *retry = json_string_value(error_of(reply, "retry"));
    return retry ? retry : "never";
}

/* As long as a reply says, or half a second, also where there is no reply. */
static void pause_after(const json_t *reply)
{
    json_int_t ms = json_integer_value(error_of(reply, "retry_after_ms"));
    usleep((useconds_t)(ms > 0 && ms < WAKE_MS ? ms : WAKE_MS) * 1000);
}

json_t *ouzel_snapshot(ouzel *client)
{
    json_t *whole = NULL, *reply;
    while ((reply = ouzel_ask(client, "snapshot",
                              json_pack("{s:O?, s:i}", "cursor", json_object_get(whole, "cursor"), "limit", OUZEL_PAGE)))) {
        if (!ouzel_ok(reply)) {
            if (strcmp(ouzel_retry(reply), "never") == 0)
                break;
            pause_after(reply);
            json_decref(whole); /* begin anew */
            whole = NULL;
        } else if (whole && !json_equal(json_object_get(whole, "epoch"), json_object_get(reply, "epoch"))) {
            json_decref(whole); /* restarted between two pages */
            whole = NULL;
        } else {
            json_t *result = json_object_get(reply, "result");
            if (!whole)
                whole = json_pack("{s:O, s:O, s:[]}", "epoch", json_object_get(reply, "epoch"), "seq",
                                  json_object_get(reply, "seq"), "torrents");
            json_array_extend(json_object_get(whole, "torrents"), json_object_get(result, "torrents"));
            json_object_set(whole, "cursor", json_object_get(result, "cursor"));
            if (json_is_null(json_object_get(result, "cursor"))) {
                json_object_del(whole, "cursor");
                json_decref(reply);
                return whole;
            }
        }
        json_decref(reply);
    }
    json_decref(whole);
    return reply;
}

/* The first one needs an answer, a later one waits for it. */
static outcome resnapshot(watching *at)
{
    json_t *snapshot;
    while (!(snapshot = ouzel_snapshot(at->client))) {
        if (!at->epoch)
            return NO_ANSWER;
        if (!at->sink(NULL))
            return ENDED;
        pause_after(NULL);
    }
    bool refused = !json_object_get(snapshot, "torrents");
    json_decref(at->epoch);
    at->epoch = json_incref(json_object_get(snapshot, "epoch"));
    at->seq = json_integer_value(json_object_get(snapshot, "seq"));
    json_t *item = refused ? json_incref(snapshot) : json_pack("{s:O}", "snapshot", snapshot);
    bool wanted = at->sink(item);
    json_decref(item);
    json_decref(snapshot);
    return wanted && !refused ? GO_ON : ENDED;
}

/* Fetches the events after `seq` up to `head`: LOST where they cannot be had any more. */
static outcome replay(watching *at, json_int_t head)
{
    outcome outcome = GO_ON;
    while (outcome == GO_ON && at->seq < head) {
        json_t *reply = ouzel_ask(at->client, "replay", json_pack("{s:O, s:I, s:i}", "epoch", at->epoch, "after_seq",
                                                                 at->seq, "limit", OUZEL_PAGE));
        json_t *events = json_object_get(json_object_get(reply, "result"), "events"), *event;
        size_t index;
        const char *retry = !reply ? "later" : ouzel_ok(reply) ? "" : ouzel_retry(reply);
        if (strcmp(retry, "later") == 0) {
            outcome = at->sink(NULL) ? GO_ON : ENDED;
            pause_after(reply);
        } else if (strcmp(retry, "never") == 0) {
            at->sink(reply);
            outcome = ENDED;
        } else if (json_array_size(events) == 0 || !json_equal(json_object_get(reply, "epoch"), at->epoch)) {
            outcome = LOST;
        } else {
            json_array_foreach(events, index, event) {
                at->seq = json_integer_value(json_object_get(event, "seq"));
                if (outcome == GO_ON && !at->sink(event))
                    outcome = ENDED;
            }
        }
        json_decref(reply);
    }
    return outcome;
}

/* An event of another epoch: the present one is that of a reply to what is asked now. */
static outcome settle_epoch(watching *at, const json_t *epoch)
{
    json_t *reply = ouzel_ask(at->client, "ping", NULL);
    if (!reply) /* what comes next asks again */
        return at->sink(NULL) ? GO_ON : ENDED;
    bool moved = !json_equal(json_object_get(reply, "epoch"), at->epoch);
    json_object_set(at->past, json_string_value(moved ? at->epoch : epoch), json_true());
    json_decref(reply);
    return moved ? LOST : GO_ON;
}

static outcome take(watching *at, const json_t *event)
{
    const json_t *epoch = json_object_get(event, "epoch"), *type = json_object_get(event, "type");
    if (!json_is_string(epoch) || !json_is_string(type))
        return GO_ON; /* no event; if it should have been one, there is a gap now */
    json_int_t seq = json_integer_value(json_object_get(event, "seq"));
    bool tick = strcmp(json_string_value(type), "tick") == 0;
    json_int_t head = tick ? json_integer_value(json_object_get(json_object_get(event, "data"), "head")) : seq;
    if (json_object_get(at->past, json_string_value(epoch)))
        return GO_ON;
    if (!json_equal(epoch, at->epoch))
        return settle_epoch(at, epoch);
    if (head > at->seq + (tick ? 0 : 1))
        return replay(at, head);
    if (tick || seq <= at->seq)
        return GO_ON;
    at->seq = seq;
    return at->sink(event) ? GO_ON : ENDED;
}

bool ouzel_watch(ouzel *client, ouzel_sink sink)
{
    watching at = {.client = client, .sink = sink, .past = json_object()};
    outcome outcome = resnapshot(&at);
    for (long long wake = now_ms() + WAKE_MS; outcome == GO_ON;) {
        json_t *event = receive(client->events, wake - now_ms());
        if (event)
            outcome = take(&at, event);
        json_decref(event);
        if (outcome == GO_ON && now_ms() >= wake) {
            outcome = sink(NULL) ? GO_ON : ENDED;
            wake = now_ms() + WAKE_MS;
        }
        if (outcome == LOST)
            outcome = resnapshot(&at);
    }
    json_decref(at.epoch);
    json_decref(at.past);
    return outcome == ENDED;
}
