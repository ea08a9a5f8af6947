// The clients: handshake, masked frames, and the check of every byte that comes back.
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum step { CONNECTING, GREETING, TALKING, LEAVING };

struct client {
  struct source source;
  enum step step;
  uint64_t began_ns;
  char head[1024];
  size_t head_length;
  struct frame in;
  uint64_t message_at, received; // bytes of the message so far, messages so far
  uint8_t stamp[16];             // its first bytes: sequence number and, in a push, the time
  uint64_t queued, sent;         // messages ready to go, messages the kernel has whole
  size_t sent_at;                // bytes of the next one that it has already
  uint64_t queued_ns[MAX_WINDOW];
  uint8_t control[125];
  bool wants_write;
};

static struct client **clients;
static int slots;
static uint8_t buffer[READ_BYTES];
static char request[1024];
static size_t request_length, head_length, stamp_bytes;
static uint8_t head[14];
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";
static char accepted[64];
uint64_t push_received;

void client_prepare(void) {
  char value[29];
  accept_value(KEY, value);
  snprintf(accepted, sizeof accepted, ": %s\r\n", value);
  request_length = (size_t)snprintf(request, sizeof request,
                                    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                                    options.path, options.target_port, KEY);
  head_length = frame_write_head(head, 0x82, options.payload);
  head[1] |= 0x80;
  memcpy(head + head_length, PAYLOAD_MASK, 4);
  head_length += 4;
  stamp_bytes = options.mode == PUSH ? 16 : 8;
  clients = calloc((size_t)options.connections, sizeof *clients);
  if (clients == NULL || request_length >= sizeof request) die("too many connections or too long a path");
}

static void forget(struct client *c) {
  for (int i = 0; i < slots; i++)
    if (clients[i] == c) {
      clients[i] = clients[--slots];
      break;
    }
  if (c->step >= TALKING) state.open--;
  state.alive--;
  close(c->source.fd);
  free(c);
  if (options.mode == HANDSHAKE && state.phase != DRAIN && state.phase != CLOSING) client_open();
}

static void fail(struct client *c, uint64_t *counter) {
  (*counter)++;
  forget(c);
}

/** Sends queued messages: small ones many to a write, big ones with their shared payload. False: the socket is gone. */
static bool flush(struct client *c) {
  static uint8_t scratch[64 * 1024];
  const size_t whole = head_length + options.payload;
  while (c->sent < c->queued) {
    struct iovec parts[2] = {{scratch, 0}, {NULL, 0}};
    bool is_small = whole <= 1024;
    size_t limit = is_small ? sizeof scratch / whole : 1;
    for (uint64_t at = c->sent; at < c->queued && at - c->sent < limit; at++) {
      uint8_t *frame = scratch + parts[0].iov_len;
      memcpy(frame, head, head_length);
      memcpy(frame + head_length, &at, 8);
      frame_mask(frame + head_length, 8, PAYLOAD_MASK, 0);
      if (is_small) memcpy(frame + head_length + 8, payload_masked + 8, options.payload - 8);
      parts[0].iov_len += is_small ? whole : head_length + 8;
    }
    size_t skip = c->sent_at, first = parts[0].iov_len;
    if (!is_small) {
      size_t inside = skip > first ? skip - first : 0;
      parts[1] = (struct iovec){payload_masked + 8 + inside, options.payload - 8 - inside};
      if (skip > first) skip = first;
    }
    parts[0] = (struct iovec){scratch + skip, first - skip};
    ssize_t n = writev(c->source.fd, parts, 2);
    if (n < 0 && errno != EAGAIN) return false;
    size_t total = c->sent_at + (n < 0 ? 0 : (size_t)n);
    c->sent += total / whole;
    c->sent_at = total % whole;
    if ((size_t)(n < 0 ? 0 : n) < parts[0].iov_len + parts[1].iov_len) break;
  }
  bool wants_write = c->sent < c->queued;
  if (wants_write != c->wants_write) watch(&c->source, wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN, false);
  c->wants_write = wants_write;
  return true;
}

static bool queue(struct client *c, uint64_t count) {
  for (; count > 0; count--) c->queued_ns[c->queued++ % MAX_WINDOW] = clock_ns();
  return flush(c);
}

/** A masked control frame (RFC 6455 5.5); between messages only, which the caller sees to. */
static bool put_control(struct client *c, uint8_t first, const uint8_t *bytes, size_t count) {
  uint8_t frame[6 + 125] = {first, (uint8_t)(0x80 | count)};
  memcpy(frame + 2, PAYLOAD_MASK, 4);
  memcpy(frame + 6, bytes, count);
  frame_mask(frame + 6, count, PAYLOAD_MASK, 0);
  return write(c->source.fd, frame, 6 + count) == (ssize_t)(6 + count);
}

static void leave(struct client *c) {
  static const uint8_t normal[2] = {1000 >> 8, 1000 & 0xff};
  c->step = LEAVING;
  if (c->sent_at != 0 || !put_control(c, 0x88, normal, 2)) fail(c, &state.failed_close);
}

static bool message_done(struct client *c) {
  uint64_t number, sent_ns, now = clock_ns();
  memcpy(&number, c->stamp, 8);
  memcpy(&sent_ns, c->stamp + 8, 8);
  if (c->message_at != options.payload || (options.mode != PUSH && number != c->received)) return false;
  if (options.mode == PUSH) push_received++;
  else sent_ns = c->queued_ns[c->received % MAX_WINDOW];
  c->received++;
  c->message_at = 0;
  if (state.phase == MEASURE && options.mode != HANDSHAKE) {
    state.units++;
    latency_add(now - sent_ns);
  }
  return true;
}

static bool check(struct client *c, const uint8_t *bytes, size_t count) {
  size_t at = 0;
  for (; c->message_at < stamp_bytes && at < count; at++) c->stamp[c->message_at++] = bytes[at];
  if (c->message_at + (count - at) > options.payload) return false;
  if (memcmp(bytes + at, payload_plain + c->message_at, count - at) != 0) return false;
  c->message_at += count - at;
  return true;
}

/** Reads frames. False: something in them is wrong. `*done` counts the messages that ended. */
static bool receive(struct client *c, const uint8_t *in, size_t count, uint64_t *done) {
  const uint8_t *last = in + count;
  while (in < last) {
    struct frame *f = &c->in;
    if (!f->is_inside) {
      in += frame_head(f, in, (size_t)(last - in));
      if (!f->is_inside) break;
      if (f->is_masked || (f->opcode >= 8 && f->length > sizeof c->control)) return false;
    }
    size_t part = (size_t)(last - in);
    if (part > f->length - f->at) part = f->length - f->at;
    if (f->opcode >= 8) memcpy(c->control + f->at, in, part);
    else if (!check(c, in, part)) return false;
    in += part;
    f->at += part;
    if (f->at < f->length) continue;
    f->is_inside = false;
    if (f->opcode == 9 && c->sent_at == 0 && !put_control(c, 0x8a, c->control, f->length)) return false;
    if (f->opcode < 8 && f->is_final) {
      if (!message_done(c)) return false;
      (*done)++;
    }
  }
  return true;
}

static void answered(struct client *c, uint64_t done) {
  bool is_over = state.phase == DRAIN || state.phase == CLOSING;
  if (options.mode == ECHO && state.phase != RAMP && !is_over && !queue(c, done)) fail(c, &state.failed_close);
  else if (options.mode == HANDSHAKE) leave(c);
}

/** Judges the answer to the handshake. False: the client is gone. */
static bool greeted(struct client *c) {
  if (strncmp(c->head, "HTTP/1.1 101 ", 13) != 0 || strstr(c->head, accepted) == NULL) {
    fail(c, &state.failed_handshake);
    return false;
  }
  c->step = TALKING;
  state.open++;
  if (state.phase == MEASURE && options.mode == HANDSHAKE) latency_add(clock_ns() - c->began_ns);
  // Every socket talks once, also one that idles after it: buffers that stay are part of what it costs.
  if (options.mode == PUSH || queue(c, 1)) return true;
  fail(c, &state.failed_close);
  return false;
}

static void client_ready(struct source *source, uint32_t events) {
  struct client *c = (struct client *)source;
  if (c->step == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 || write(source->fd, request, request_length) != (ssize_t)request_length) {
      fail(c, &state.failed_connect);
      return;
    }
    c->step = GREETING;
    watch(source, EPOLLIN, false);
    return;
  }
  if ((events & EPOLLOUT) && !flush(c)) {
    fail(c, &state.failed_close);
    return;
  }
  if (!(events & ~(uint32_t)EPOLLOUT)) return;
  ssize_t n = read(source->fd, buffer, sizeof buffer);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    // A clean end is the other side's: after our Close came back.
    if (c->step == LEAVING && n == 0) {
      if (state.phase == MEASURE && options.mode == HANDSHAKE) state.units++;
      forget(c);
    } else fail(c, c->step == GREETING ? &state.failed_handshake : &state.failed_close);
    return;
  }
  const uint8_t *bytes = buffer;
  if (c->step == GREETING) {
    size_t room = sizeof c->head - 1 - c->head_length, part = (size_t)n < room ? (size_t)n : room;
    memcpy(c->head + c->head_length, buffer, part);
    c->head[c->head_length + part] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (end == NULL && part < room) {
      c->head_length += part;
      return;
    }
    size_t used = end == NULL ? 0 : (size_t)(end + 4 - c->head) - c->head_length;
    if (!greeted(c) || used == 0 || used == (size_t)n) return;
    bytes += used;
    n -= (ssize_t)used;
  }
  uint64_t done = 0;
  if (!receive(c, bytes, (size_t)n, &done)) fail(c, &state.failed_payload);
  else if (done > 0 && c->step == TALKING) answered(c, done);
}

void client_open(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  struct client *c = calloc(1, sizeof *c);
  if (fd < 0 || c == NULL) die("no descriptor left for a client");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  c->source = (struct source){client_ready, fd};
  c->began_ns = clock_ns();
  clients[slots++] = c;
  state.alive++;
  struct sockaddr_in a = {.sin_family = AF_INET,
                          .sin_port = htons((uint16_t)options.target_port),
                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0 && errno != EINPROGRESS) die("cannot connect");
  watch(&c->source, EPOLLOUT, true);
}

void client_start(void) {
  if (options.mode == HANDSHAKE)
    for (int i = 0; i < options.connections; i++) client_open();
  if (options.mode != ECHO) return;
  for (int i = slots - 1; i >= 0; i--)
    if (!queue(clients[i], (uint64_t)options.window)) fail(clients[i], &state.failed_close);
}

bool client_is_quiet(void) {
  for (int i = 0; i < slots; i++)
    if (clients[i]->step < TALKING || (options.mode != PUSH && clients[i]->received < clients[i]->queued)) return false;
  return true;
}

void client_close_all(void) {
  for (int i = slots - 1; i >= 0; i--)
    if (clients[i]->step == TALKING) leave(clients[i]);
}

int client_cut_all(void) {
  int left = slots;
  while (slots > 0) forget(clients[slots - 1]);
  return left;
}
