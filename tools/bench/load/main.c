// ocelot-load: clients and backend of the benchmark in one process; prints one line of JSON.
//
//   ocelot-load MODE --target PORT --backend PORT [--connections N] [--window W] [--payload BYTES]
//               [--warm MS] [--measure MS] [--limit MS] [--path P] [--watch PID,PID...]
//   ocelot-load backend --backend PORT        only the backend, until it is ended
//
// MODE: echo, handshake (connect, one echo, close; N at a time), push (backend to all clients, round after round),
// idle (open N, one echo each, wait for a byte on stdin or its end, close). Once its connections are open it
// prints {"held":N}; the last line holds the results.
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct options options = {.connections = 64, .window = 1, .payload = 64, .warm_ms = 500, .measure_ms = 2000,
                          .limit_ms = 60000, .path = "/bench"};
struct state state;
static bool is_backend_only, is_released;

void die(const char *what) {
  fprintf(stderr, "ocelot-load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

void watch(struct source *s, uint32_t events, bool is_new) {
  struct epoll_event e = {.events = events, .data.ptr = s};
  if (epoll_ctl(state.epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, s->fd, &e) != 0) die("epoll_ctl");
}

static void parse(int count, char **words) {
  static const char *const modes[] = {"echo", "handshake", "push", "idle"};
  int mode = 0;
  if (count < 2) die("no mode; see the head of main.c");
  while (mode < 4 && strcmp(modes[mode], words[1]) != 0) mode++;
  is_backend_only = strcmp(words[1], "backend") == 0;
  if (mode == 4 && !is_backend_only) die("unknown mode");
  options.mode = (enum mode)mode;
  for (int i = 2; i < count; i += 2) {
    const char *name = words[i];
    char *value = i + 1 < count ? words[i + 1] : NULL;
    if (value == NULL) die("an option without a value");
    if (!strcmp(name, "--target")) options.target_port = atoi(value);
    else if (!strcmp(name, "--backend")) options.backend_port = atoi(value);
    else if (!strcmp(name, "--connections")) options.connections = atoi(value);
    else if (!strcmp(name, "--window")) options.window = atoi(value);
    else if (!strcmp(name, "--payload")) options.payload = (size_t)atol(value);
    else if (!strcmp(name, "--warm")) options.warm_ms = atoi(value);
    else if (!strcmp(name, "--measure")) options.measure_ms = atoi(value);
    else if (!strcmp(name, "--limit")) options.limit_ms = atoi(value);
    else if (!strcmp(name, "--path")) options.path = value;
    else if (!strcmp(name, "--watch"))
      for (char *pid = strtok(value, ","); pid != NULL; pid = strtok(NULL, ",")) {
        if (options.watched_count == MAX_WATCHED) die("too many processes to watch");
        options.watched[options.watched_count++] = atoi(pid);
      }
    else die("unknown option");
  }
  if (options.connections < 1 || options.window < 1 || options.window > MAX_WINDOW) die("connections or window");
  if (options.payload < 16) die("a payload has 16 bytes at least");
}

static void stdin_ready(struct source *s, uint32_t events) {
  (void)events;
  char bytes[16];
  if (read(s->fd, bytes, sizeof bytes) != 0 && errno == EAGAIN) return;
  is_released = true;
  epoll_ctl(state.epoll, EPOLL_CTL_DEL, s->fd, NULL);
}

/** One turn of the loop: the events there are, after 10 ms at most. */
static void turn(uint64_t deadline) {
  struct epoll_event events[256];
  int n = epoll_wait(state.epoll, events, 256, 10);
  for (int i = 0; i < n; i++) {
    struct source *s = events[i].data.ptr;
    s->ready(s, events[i].events);
  }
  state.now_ns = clock_ns();
  if (state.now_ns > deadline) {
    errno = 0;
    fprintf(stderr, "ocelot-load: phase %d, %d open of %d, failed: connect %lu handshake %lu payload %lu close %lu\n",
            (int)state.phase, state.open, state.alive, state.failed_connect, state.failed_handshake,
            state.failed_payload, state.failed_close);
    die("not done within its limit");
  }
}

/** Opens all connections, 64 at a time. A failed one is not opened again. */
static void ramp(uint64_t deadline) {
  for (int started = 0; started < options.connections || state.alive > state.open || !client_is_quiet();) {
    while (started < options.connections && state.alive - state.open < 64) client_open(), started++;
    turn(deadline);
  }
}

/** Turns the loop for a time; in push mode sends the next round whenever the last one has arrived. */
static void run_for(int ms, uint64_t deadline) {
  static uint64_t expected, sequence;
  for (uint64_t until = clock_ns() + (uint64_t)ms * 1000000u; state.now_ns < until; turn(deadline))
    if (options.mode == PUSH && push_received >= expected) expected += (uint64_t)backend_push(sequence++);
}

int main(int count, char **words) {
  parse(count, words);
  signal(SIGPIPE, SIG_IGN);
  state.epoll = epoll_create1(EPOLL_CLOEXEC);
  state.now_ns = clock_ns();
  if (state.epoll < 0) die("epoll");
  payload_prepare(options.payload);
  if (options.backend_port != 0) backend_listen(options.backend_port);
  if (is_backend_only)
    for (;;) turn(UINT64_MAX);
  client_prepare();
  const uint64_t deadline = clock_ns() + (uint64_t)options.limit_ms * 1000000u;

  if (options.mode != HANDSHAKE) ramp(deadline);
  int held = state.open;
  printf("{\"held\":%d}\n", held);
  fflush(stdout);
  if (options.mode == IDLE) {
    static struct source input = {stdin_ready, 0};
    watch(&input, EPOLLIN, true);
    while (!is_released) turn(deadline);
  }
  state.phase = WARM;
  client_start();
  run_for(options.mode == IDLE ? 0 : options.warm_ms, deadline);
  state.phase = MEASURE;
  struct snapshot a = snapshot();
  run_for(options.mode == IDLE ? 0 : options.measure_ms, deadline);
  struct snapshot b = snapshot();
  state.phase = DRAIN;
  uint64_t patience = state.now_ns + 2000000000u;
  while (options.mode != HANDSHAKE && !client_is_quiet() && state.now_ns < patience) turn(deadline);
  state.phase = CLOSING;
  if (options.mode != HANDSHAKE) client_close_all();
  patience = state.now_ns + 5000000000u;
  while (state.alive > 0 && state.now_ns < patience) turn(deadline);
  int uncleared = client_cut_all();

  printf("{\"held\":%d,\"units\":%lu,\"wallNs\":%lu,\"beganMs\":%lu,\"endedMs\":%lu,\"watchedCpuNs\":%lu,\"ownCpuNs\":%lu,\"busyNs\":%lu,\"stealNs\":%lu,"
         "\"latencyNs\":{\"p50\":%lu,\"p99\":%lu,\"p999\":%lu},"
         "\"failed\":{\"connect\":%lu,\"handshake\":%lu,\"payload\":%lu,\"close\":%lu,\"unfinished\":%d}}\n",
         held, state.units, b.wall_ns - a.wall_ns, a.unix_ns / 1000000, b.unix_ns / 1000000, b.watched_ns - a.watched_ns, b.own_ns - a.own_ns,
         b.busy_ns - a.busy_ns, b.steal_ns - a.steal_ns, latency_at(0.5), latency_at(0.99), latency_at(0.999),
         state.failed_connect, state.failed_handshake, state.failed_payload, state.failed_close, uncleared);
  return 0;
}
