/* The command line that clients/README.md describes. */
#include "ouzel.h"

#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { DONE = 0, REFUSED = 1, USAGE = 2, NO_ANSWER = 3 };

static bool snapshot_only, refused;

static int usage(const char *problem)
{
    fprintf(stderr,
            "%s\nusage: run --commands ENDPOINT --events ENDPOINT [--server-key Z85 --key FILE] VERB\n"
            "  add SOURCE [--save-path DIR] | list | watch [--snapshot-only] | calls | codec\n",
            problem);
    return USAGE;
}

static void print(const json_t *value)
{
    flockfile(stdout); /* whoever ends the program waits for the line's end */
    json_dumpf(value, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    funlockfile(stdout);
}

/* Drops the reply; what the exit code is, with a word on stderr unless it is OK. */
static int verdict(json_t *reply)
{
    int code = !reply ? NO_ANSWER : ouzel_ok(reply) ? DONE : REFUSED;
    if (code == NO_ANSWER)
        fputs("no answer\n", stderr);
    else if (code == REFUSED) {
        const json_t *error = json_object_get(reply, "error");
        fprintf(stderr, "%s: %s\n", json_string_value(json_object_get(error, "name")),
                json_string_value(json_object_get(error, "message")));
    }
    json_decref(reply);
    return code;
}

static json_t *bytes_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    json_t *value = NULL;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        unsigned char *bytes = size >= 0 ? malloc((size_t)size + 1) : NULL;
        rewind(file);
        if (bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size)
            value = ouzel_bytes(bytes, (size_t)size);
        free(bytes);
    }
    if (file)
        fclose(file);
    return value;
}

/* The keys of a file as `ouzel keys new` writes it: NAME.key_secret. */
static bool read_curve(ouzel_curve *curve, const char *server_key, const char *path)
{
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[200];
    *curve = (ouzel_curve){0};
    snprintf(curve->server_key, sizeof curve->server_key, "%s", server_key);
    while (file && fgets(line, sizeof line, file)) {
        sscanf(line, " public-key = \"%40[^\"]", curve->public_key);
        sscanf(line, " secret-key = \"%40[^\"]", curve->secret_key);
    }
    if (file)
        fclose(file);
    return strlen(server_key) == 40 && strlen(curve->public_key) == 40 && strlen(curve->secret_key) == 40;
}

static int add(ouzel *client, const char *source, const char *save_path)
{
    bool magnet = strncmp(source, "magnet:", strlen("magnet:")) == 0;
    json_t *what = magnet ? json_string(source) : bytes_of(source);
    if (!what)
        return usage("the file cannot be read");
    json_t *reply = ouzel_ask(client, "add_torrent",
                              json_pack("{s:o, s:s*}", magnet ? "magnet" : "metainfo", what, "save_path", save_path));
    if (ouzel_ok(reply))
        puts(json_string_value(json_object_get(json_object_get(reply, "result"), "torrent")));
    return verdict(reply);
}

static int list(ouzel *client)
{
    json_t *cursor = json_null();
    do {
        json_t *reply = ouzel_ask(client, "list_torrents", json_pack("{s:o, s:i}", "cursor", cursor, "limit", OUZEL_PAGE));
        if (!ouzel_ok(reply))
            return verdict(reply);
        const json_t *result = json_object_get(reply, "result");
        json_t *row;
        size_t at;
        json_array_foreach(json_object_get(result, "torrents"), at, row)
            printf("%s\t%s\t%.1f\t%s\n", json_string_value(json_object_get(row, "torrent")),
                   json_string_value(json_object_get(row, "state")),
                   100 * json_number_value(json_object_get(row, "progress")),
                   json_string_value(json_object_get(row, "name")));
        cursor = json_incref(json_object_get(result, "cursor"));
        json_decref(reply);
    } while (!json_is_null(cursor));
    return DONE;
}

static bool wanted_on(const json_t *item)
{
    if (item && json_object_get(item, "error")) {
        refused = true;
        verdict(json_incref((json_t *)item));
    } else if (item) {
        print(item);
    }
    return !(snapshot_only && item);
}

/* Ends the program, whatever the other thread waits for, when SIGTERM comes or stdin is closed. */
static void *wait_for_end(void *signals)
{
    struct pollfd ends[] = {{.fd = *(int *)signals, .events = POLLIN},
                            {.fd = snapshot_only ? -1 : STDIN_FILENO, .events = POLLIN}};
    char ignored[4096];
    do
        poll(ends, 2, -1);
    while (!ends[0].revents && (!ends[1].revents || read(STDIN_FILENO, ignored, sizeof ignored) > 0));
    flockfile(stdout);
    _exit(DONE);
}

static int watch(ouzel *client)
{
    static int signals;
    sigset_t term;
    pthread_t waiting;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, NULL); /* libzmq's threads take no signals anyway */
    signals = signalfd(-1, &term, SFD_CLOEXEC);
    if (signals < 0 || pthread_create(&waiting, NULL, wait_for_end, &signals) != 0)
        abort();
    pthread_detach(waiting);
    if (!ouzel_watch(client, wanted_on))
        return verdict(NULL);
    return refused ? REFUSED : DONE;
}

static int calls(ouzel *client)
{
    char *line = NULL, id[40];
    size_t size = 0;
    ssize_t length;
    for (unsigned count = 0; (length = getline(&line, &size, stdin)) > 0; count++) {
        json_error_t error;
        snprintf(id, sizeof id, "call-%d-%u", (int)getpid(), count);
        json_t *given = json_loadb(line, (size_t)length, JSON_ALLOW_NUL, &error);
        if (!json_is_object(given)) {
            free(line);
            json_decref(given);
            return usage(error.text);
        }
        json_t *request = json_pack("{s:i, s:s, s:{}}", "v", 1, "id", id, "args");
        json_object_update(request, given);
        json_t *deadline = json_object_get(request, "deadline_ms");
        int ms = deadline ? (int)json_integer_value(deadline) : OUZEL_DEADLINE_MS;
        json_t *reply = ouzel_request(client, request, ms + OUZEL_GRACE_MS, ms + OUZEL_GRACE_MS);
        if (!reply)
            reply = json_pack("{s:O}", "lost", json_object_get(request, "id"));
        print(reply);
        json_decref(reply);
        json_decref(request);
        json_decref(given);
    }
    free(line);
    return DONE;
}

static int codec(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        size_t size = strspn(line, "0123456789abcdefABCDEF") / 2, again = 0;
        for (size_t at = 0; at < size; at++) { /* in place, since two digits make one byte */
            char digits[3] = {line[2 * at], line[2 * at + 1], 0};
            line[at] = (char)strtoul(digits, NULL, 16);
        }
        const char *why;
        json_t *decoded = ouzel_decode(line, size, &why), *told;
        if (decoded) {
            unsigned char *bytes = ouzel_encode(decoded, &again);
            char *hex = calloc(again + 1, 2);
            for (size_t at = 0; at < again; at++)
                snprintf(hex + 2 * at, 3, "%02x", bytes[at]);
            told = json_pack("{s:b, s:o, s:s}", "ok", 1, "decoded", decoded, "hex", hex);
            free(hex);
            free(bytes);
        } else {
            told = json_pack("{s:b, s:s}", "ok", 0, "why", why);
        }
        print(told);
        json_decref(told);
    }
    free(line);
    return DONE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"commands", required_argument, NULL, 'c'},  {"events", required_argument, NULL, 'e'},
        {"server-key", required_argument, NULL, 's'}, {"key", required_argument, NULL, 'k'},
        {"save-path", required_argument, NULL, 'p'}, {"snapshot-only", no_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    const char *commands = NULL, *events = NULL, *server_key = NULL, *key = NULL, *save_path = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'c': commands = optarg; break;
        case 'e': events = optarg; break;
        case 's': server_key = optarg; break;
        case 'k': key = optarg; break;
        case 'p': save_path = optarg; break;
        case 'o': snapshot_only = true; break;
        default: return usage("an option that is not known");
        }
    }
    const char *verb = optind < argc ? argv[optind] : "";
    if (argc - optind != (strcmp(verb, "add") == 0 ? 2 : 1))
        return usage("a verb, and its arguments");
    if (strcmp(verb, "codec") == 0)
        return codec();
    bool known = !strcmp(verb, "add") || !strcmp(verb, "list") || !strcmp(verb, "watch") || !strcmp(verb, "calls");
    if (!known || !commands || !events)
        return usage(known ? "--commands and --events are needed" : "a verb that is not known");
    ouzel_curve curve;
    if (server_key && !read_curve(&curve, server_key, key))
        return usage("--key is not a file of keys");
    ouzel *client = ouzel_open(commands, events, server_key ? &curve : NULL);
    if (!client)
        return usage("--commands or --events is no endpoint");
    int code = *verb == 'a' ? add(client, argv[optind + 1], save_path) : *verb == 'l' ? list(client)
               : *verb == 'w' ? watch(client) : calls(client);
    ouzel_close(client);
    return code;
}
