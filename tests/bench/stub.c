/* The platform of the benchmark: enough of the Mastodon API, as fast as possible, with a fixed latency.

   stub MILLISECONDS    prints its port (127.0.0.1 only) and serves until it is killed.

   POST /api/v1/statuses                     makes a post, whatever its Idempotency-Key: many servers ignore it
   GET  /api/v1/accounts/ID/statuses         the posts, newest first: limit, since_id, max_id
   GET  /api/v1/statuses/ID[/source]         one post
   GET  /count, GET /books                   at once: how many arrived; each of them as one line of JSON

   A post counts when its request has arrived whole, before the latency. stub.py is the same in Python. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_FD 65536
#define PAGE_LIMIT 40

typedef struct { char *data; size_t size, room; } Text;
typedef struct { Text in; unsigned born; int open; } Peer;
typedef struct { uint64_t id; char *status, *key; long long made_ms; } Post;
typedef struct { int fd; unsigned born; long long due; Text out; } Answer;

static Peer peers[MAX_FD];
static Post *posts;
static size_t post_count, post_room;
static Answer *queue; /* a ring, in the order of their time: the latency is the same for all */
static size_t queue_head, queue_size, queue_room;
static long long latency;
static int epoll, timer, port;

static long long now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *need(void *memory) {
    if (!memory) exit(3);
    return memory;
}

static void put(Text *text, const char *data, size_t size) {
    if (text->size + size + 1 > text->room) {
        text->room = (text->size + size + 1) * 2;
        text->data = need(realloc(text->data, text->room));
    }
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = 0;
}

static void say(Text *text, const char *words) { put(text, words, strlen(words)); }

static void say_post(Text *text, const Post *post, int full) {
    char line[512];
    snprintf(line, sizeof line, "{\"id\":\"%llu\",\"url\":\"http://127.0.0.1:%d/@kr/%llu\",\"created_at\":",
             (unsigned long long)post->id, port, (unsigned long long)post->id);
    say(text, line);
    if (full) {
        time_t seconds = post->made_ms / 1000;
        struct tm utc;
        gmtime_r(&seconds, &utc);
        char when[64];
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(line, sizeof line, "\"%s.%03lldZ\",\"in_reply_to_id\":null,\"media_attachments\":[],\"content\":\"",
                 when, post->made_ms % 1000);
        say(text, line);
        say(text, post->status);
        say(text, "\"}");
    } else { /* no time of its own: a client then writes down its own time of recording */
        say(text, "null}");
    }
}

static Text message(const char *status, const Text *body) {
    Text out = {0};
    char head[160];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status,
             body->size);
    say(&out, head);
    if (body->size) put(&out, body->data, body->size);
    return out;
}

static void drop(int fd) {
    if (!peers[fd].open) return;
    peers[fd].open = 0;
    peers[fd].born++;
    peers[fd].in.size = 0;
    close(fd);
}

static void deliver(int fd, unsigned born, Text *out) {
    if (peers[fd].open && peers[fd].born == born) {
        size_t sent = 0;
        while (sent < out->size) { /* books may be long: their reader is waited for */
            ssize_t n = send(fd, out->data + sent, out->size - sent, MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN) { usleep(500); continue; }
            if (n <= 0) { drop(fd); break; }
            sent += (size_t)n;
        }
    }
    free(out->data);
}

static void arm(void) {
    struct itimerspec when = {0};
    if (queue_size) {
        long long due = queue[queue_head].due;
        when.it_value.tv_sec = due / 1000000000LL;
        when.it_value.tv_nsec = due % 1000000000LL;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void later(int fd, Text out) {
    if (!latency) { deliver(fd, peers[fd].born, &out); return; }
    if (queue_size == queue_room) {
        size_t room = queue_room ? queue_room * 2 : 1024;
        Answer *wider = need(malloc(room * sizeof *wider));
        for (size_t i = 0; i < queue_size; i++) wider[i] = queue[(queue_head + i) % queue_room];
        free(queue);
        queue = wider, queue_head = 0, queue_room = room;
    }
    Answer answer = {fd, peers[fd].born, now_ns(CLOCK_MONOTONIC) + latency, out};
    queue[(queue_head + queue_size++) % queue_room] = answer;
    if (queue_size == 1) arm();
}

static void due(void) {
    uint64_t times;
    if (read(timer, &times, sizeof times) < 0) return;
    long long now = now_ns(CLOCK_MONOTONIC);
    while (queue_size && queue[queue_head].due <= now) {
        Answer *answer = &queue[queue_head];
        queue_head = (queue_head + 1) % queue_room;
        queue_size--;
        deliver(answer->fd, answer->born, &answer->out);
    }
    arm();
}

static char *copied(const char *from, size_t size) {
    char *copy = need(malloc(size + 1));
    memcpy(copy, from, size);
    copy[size] = 0;
    return copy;
}

/* A header's value; the head ends in an empty line. */
static char *header(const char *head, const char *name) {
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (!strncasecmp(line + 2, name, length) && line[2 + length] == ':') {
            const char *value = line + 3 + length;
            while (*value == ' ') value++;
            return copied(value, strcspn(value, "\r"));
        }
    }
    return copied("", 0);
}

/* The JSON string of "status", as it stands between its quotes. */
static char *status_of(const char *body) {
    const char *found = strstr(body, "\"status\":");
    if (!found) return NULL;
    found += 9;
    while (*found == ' ') found++;
    if (*found++ != '"') return NULL;
    const char *end = found;
    while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
    return *end ? copied(found, (size_t)(end - found)) : NULL;
}

static void make(int fd, const char *head, const char *body) {
    char *status = status_of(body);
    if (!status) {
        Text words = {0};
        say(&words, "{\"error\":\"Validation failed: Text can't be blank\"}");
        later(fd, message("422 Unprocessable Entity", &words));
        free(words.data);
        return;
    }
    if (post_count == post_room) {
        post_room = post_room ? post_room * 2 : 4096;
        posts = need(realloc(posts, post_room * sizeof *posts));
    }
    long long ms = now_ns(CLOCK_REALTIME) / 1000000;
    uint64_t id = (uint64_t)ms << 16; /* a snowflake, as Mastodon's are: docs.joinmastodon.org/api/guidelines/ */
    if (post_count && id <= posts[post_count - 1].id) id = posts[post_count - 1].id + 1;
    posts[post_count] = (Post){id, status, header(head, "Idempotency-Key"), ms};
    Text json = {0};
    say_post(&json, &posts[post_count++], 0);
    later(fd, message("200 OK", &json));
    free(json.data);
}

static uint64_t number_in(const char *target, const char *name, uint64_t otherwise) {
    const char *found = strstr(target, name);
    return found ? strtoull(found + strlen(name), NULL, 10) : otherwise;
}

static void list(int fd, const char *target) {
    uint64_t since = number_in(target, "since_id=", 0), before = number_in(target, "max_id=", UINT64_MAX);
    uint64_t limit = number_in(target, "limit=", 20);
    Text json = {0};
    say(&json, "[");
    if (limit > PAGE_LIMIT) limit = PAGE_LIMIT;
    for (size_t i = post_count; i-- && limit;) {
        if (posts[i].id <= since) break;
        if (posts[i].id >= before) continue;
        if (json.size > 1) say(&json, ",");
        say_post(&json, &posts[i], 1);
        limit--;
    }
    say(&json, "]");
    later(fd, message("200 OK", &json));
    free(json.data);
}

static void one(int fd, const char *target) {
    uint64_t id = strtoull(target, NULL, 10);
    Text json = {0};
    for (size_t i = post_count; i--;) {
        if (posts[i].id != id) continue;
        if (strstr(target, "/source")) {
            char line[64];
            snprintf(line, sizeof line, "{\"id\":\"%llu\",\"text\":\"", (unsigned long long)id);
            say(&json, line);
            say(&json, posts[i].status);
            say(&json, "\",\"spoiler_text\":\"\"}");
        } else {
            say_post(&json, &posts[i], 1);
        }
        break;
    }
    int found = json.size > 0;
    if (!found) say(&json, "{\"error\":\"Record not found\"}");
    later(fd, message(found ? "200 OK" : "404 Not Found", &json));
    free(json.data);
}

static void books(int fd) {
    Text lines = {0};
    for (size_t i = 0; i < post_count; i++) {
        char id[64];
        snprintf(id, sizeof id, "{\"id\":\"%llu\",\"key\":\"", (unsigned long long)posts[i].id);
        say(&lines, id);
        say(&lines, posts[i].key);
        say(&lines, "\",\"status\":\"");
        say(&lines, posts[i].status);
        say(&lines, "\"}\n");
    }
    Text out = message("200 OK", &lines);
    deliver(fd, peers[fd].born, &out);
    free(lines.data);
}

static void count(int fd) {
    char number[32];
    snprintf(number, sizeof number, "%zu", post_count);
    Text body = {0};
    say(&body, number);
    Text out = message("200 OK", &body);
    deliver(fd, peers[fd].born, &out);
    free(body.data);
}

static void answer(int fd, const char *head, const char *body) {
    static const char own[] = "GET /api/v1/accounts/", status[] = "GET /api/v1/statuses/";
    if (!strncmp(head, "POST /api/v1/statuses ", 22)) make(fd, head, body);
    else if (!strncmp(head, "GET /count ", 11)) count(fd);
    else if (!strncmp(head, "GET /books ", 11)) books(fd);
    else if (!strncmp(head, own, sizeof own - 1)) list(fd, head + sizeof own - 1);
    else if (!strncmp(head, status, sizeof status - 1)) {
        char *target = copied(head + sizeof status - 1, strcspn(head + sizeof status - 1, " \r"));
        one(fd, target);
        free(target);
    } else {
        Text words = {0};
        say(&words, "{\"error\":\"Record not found\"}");
        later(fd, message("404 Not Found", &words));
        free(words.data);
    }
}

/* Answer each whole request that has arrived. */
static void hear(int fd) {
    Peer *peer = &peers[fd];
    char chunk[65536];
    for (;;) {
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) { drop(fd); return; }
        put(&peer->in, chunk, (size_t)n);
        if ((size_t)n < sizeof chunk) break;
    }
    while (peer->open && peer->in.size) {
        char *end = strstr(peer->in.data, "\r\n\r\n");
        if (!end) return;
        size_t head = (size_t)(end - peer->in.data) + 4;
        char kept = peer->in.data[head - 2];
        peer->in.data[head - 2] = 0;
        char *length = header(peer->in.data, "Content-Length");
        size_t whole = head + strtoull(length, NULL, 10);
        free(length);
        if (peer->in.size < whole) { peer->in.data[head - 2] = kept; return; }
        char *body = copied(peer->in.data + head, whole - head), *front = copied(peer->in.data, head - 2);
        memmove(peer->in.data, peer->in.data + whole, peer->in.size - whole);
        peer->in.size -= whole;
        peer->in.data[peer->in.size] = 0;
        answer(fd, front, body);
        free(front), free(body);
    }
}

int main(int argc, char **argv) {
    latency = argc > 1 ? (long long)(atof(argv[1]) * 1e6) : 0;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < MAX_FD ? files.rlim_max : MAX_FD;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    if (bind(listener, (struct sockaddr *)&where, size) || listen(listener, 1024)) { perror("stub"); return 1; }
    getsockname(listener, (struct sockaddr *)&where, &size);
    port = ntohs(where.sin_port);
    epoll = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[512];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = timer;
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    printf("%d\n", port);
    fflush(stdout);
    for (;;) {
        int found = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < found; i++) {
            int fd = events[i].data.fd;
            if (fd == timer) { due(); continue; }
            if (fd != listener) { if (peers[fd].open) hear(fd); continue; }
            for (int peer; (peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                if (peer >= MAX_FD) { close(peer); continue; }
                setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                peers[peer].open = 1;
                peers[peer].in.size = 0;
                event.events = EPOLLIN;
                event.data.fd = peer;
                epoll_ctl(epoll, EPOLL_CTL_ADD, peer, &event);
            }
        }
    }
}
