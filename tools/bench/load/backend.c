// The backend: answers handshakes, echoes data frames as they stream in, answers Ping and Close, and pushes.
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
  struct source source;
  struct frame in;
  bool is_open, is_ending;
  uint8_t control[125];
  char *head; // the request, until it is complete
  size_t head_length;
  uint8_t *unsent; // what the kernel did not take; while there is some, nothing is read
  size_t unsent_at, unsent_length;
  int slot;
};

static struct peer **peers;
static int peer_count, peer_room;
static uint8_t buffer[SLACK + READ_BYTES + 64];

static void end(struct peer *p) {
  close(p->source.fd);
  peers[p->slot] = peers[--peer_count];
  peers[p->slot]->slot = p->slot;
  free(p->head);
  free(p->unsent);
  free(p);
}

/** Writes now what the kernel takes and keeps the rest. False: the socket is gone. */
static bool put(struct peer *p, const uint8_t *bytes, size_t count) {
  size_t done = 0;
  if (p->unsent == NULL) {
    ssize_t n = write(p->source.fd, bytes, count);
    if (n < 0 && errno != EAGAIN) return false;
    done = n < 0 ? 0 : (size_t)n;
  }
  if (done == count) return true;
  size_t before = p->unsent_length - p->unsent_at;
  uint8_t *joined = malloc(before + count - done);
  if (joined == NULL) die("out of memory");
  if (before > 0) memcpy(joined, p->unsent + p->unsent_at, before);
  memcpy(joined + before, bytes + done, count - done);
  free(p->unsent);
  p->unsent = joined;
  p->unsent_at = 0;
  p->unsent_length = before + count - done;
  watch(&p->source, EPOLLOUT, false);
  return true;
}

static bool flush(struct peer *p) {
  ssize_t n = write(p->source.fd, p->unsent + p->unsent_at, p->unsent_length - p->unsent_at);
  if (n < 0) return errno == EAGAIN;
  p->unsent_at += (size_t)n;
  if (p->unsent_at < p->unsent_length) return true;
  free(p->unsent);
  p->unsent = NULL;
  p->unsent_at = p->unsent_length = 0;
  if (p->is_ending) shutdown(p->source.fd, SHUT_WR);
  watch(&p->source, EPOLLIN, false);
  return true;
}

/** Answers the frames in the bytes: rewrites them in place, always behind what is still to be read. */
static bool answer(struct peer *p, uint8_t *in, size_t count) {
  uint8_t *out = buffer;
  const uint8_t *last = in + count;
  while (in < last && !p->is_ending) {
    struct frame *f = &p->in;
    if (!f->is_inside) {
      in += frame_head(f, in, (size_t)(last - in));
      if (!f->is_inside) break;
      if (!f->is_masked || (f->opcode >= 8 && f->length > sizeof p->control)) {
        state.failed_payload++;
        return false;
      }
      if (f->opcode < 8) out += frame_write_head(out, f->head[0], f->length);
    }
    size_t part = (size_t)(last - in);
    if (part > f->length - f->at) part = f->length - f->at;
    frame_mask(in, part, f->mask, f->at);
    if (f->opcode < 8) memmove(out, in, part), out += part;
    else memcpy(p->control + f->at, in, part);
    in += part;
    f->at += part;
    if (f->at < f->length) continue;
    f->is_inside = false;
    if (f->opcode != 8 && f->opcode != 9) continue;
    out += frame_write_head(out, f->opcode == 9 ? 0x8a : 0x88, f->length);
    memcpy(out, p->control, f->length);
    out += f->length;
    p->is_ending = f->opcode == 8;
  }
  if (out > buffer && !put(p, buffer, (size_t)(out - buffer))) return false;
  if (p->is_ending && p->unsent == NULL) shutdown(p->source.fd, SHUT_WR);
  return true;
}

static bool greet(struct peer *p, const uint8_t *bytes, size_t count) {
  if (p->head == NULL) p->head = malloc(MAX_HEAD + 1);
  if (p->head == NULL) die("out of memory");
  if (p->head_length + count > MAX_HEAD) return false;
  memcpy(p->head + p->head_length, bytes, count);
  p->head_length += count;
  p->head[p->head_length] = 0;
  char *done = strstr(p->head, "\r\n\r\n");
  if (done == NULL) return true;
  char *key = strcasestr(p->head, "\r\nsec-websocket-key:");
  if (key == NULL || done[4] != 0) return false; // the client never speaks before the 101
  key += 20;
  while (*key == ' ') key++;
  char accept[29], reply[256];
  accept_value(key, accept);
  int length = snprintf(reply, sizeof reply,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n",
                        accept);
  free(p->head);
  p->head = NULL;
  p->is_open = true;
  return put(p, (const uint8_t *)reply, (size_t)length);
}

static void peer_ready(struct source *source, uint32_t events) {
  struct peer *p = (struct peer *)source;
  if (events & EPOLLOUT) {
    if (!flush(p)) end(p);
    return;
  }
  ssize_t n = read(source->fd, buffer + SLACK, READ_BYTES);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    end(p);
    return;
  }
  bool is_fine = p->is_open ? answer(p, buffer + SLACK, (size_t)n) : greet(p, buffer + SLACK, (size_t)n);
  if (!is_fine) end(p);
}

static void accept_ready(struct source *source, uint32_t events) {
  (void)events;
  for (int i = 0; i < 64; i++) {
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno != EAGAIN && errno != ECONNABORTED) state.failed_connect++;
      return;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct peer *p = calloc(1, sizeof *p);
    if (peer_count == peer_room) {
      peer_room = peer_room == 0 ? 1024 : 2 * peer_room;
      peers = realloc(peers, (size_t)peer_room * sizeof *peers);
    }
    if (p == NULL || peers == NULL) die("out of memory");
    p->source = (struct source){peer_ready, fd};
    p->slot = peer_count;
    peers[peer_count++] = p;
    watch(&p->source, EPOLLIN, true);
  }
}

void backend_listen(int port) {
  static struct source listener = {accept_ready, -1};
  int on = 1;
  listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in a = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener.fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(listener.fd, 4096) != 0)
    die("the backend cannot listen");
  watch(&listener, EPOLLIN, true);
}

int backend_push(uint64_t sequence) {
  static uint8_t *frame;
  if (frame == NULL) frame = malloc(options.payload + 10);
  if (frame == NULL) die("out of memory");
  size_t head = frame_write_head(frame, 0x82, options.payload);
  memcpy(frame + head, payload_plain, options.payload);
  memcpy(frame + head, &sequence, 8);
  int count = 0;
  for (int i = peer_count - 1; i >= 0; i--) {
    struct peer *p = peers[i];
    if (!p->is_open || p->is_ending) continue;
    uint64_t now = clock_ns();
    memcpy(frame + head + 8, &now, 8);
    if (put(p, frame, head + options.payload)) count++;
  }
  return count;
}
