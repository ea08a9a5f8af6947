// What the files of the load generator share. One process is client and backend at once, on one epoll loop: both ends
// read the same clock, and one figure tells what the generator itself costs.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  READ_BYTES = 256 * 1024,
  // Room in front of what the backend reads: its answers are written there, and that to a control frame whose payload
  // came in pieces is longer than the last piece.
  SLACK = 256,
  MAX_HEAD = 8192,
  MAX_WINDOW = 64,
  MAX_WATCHED = 64
};

// ---- what epoll hands back: every registered descriptor starts with one of these
struct source {
  void (*ready)(struct source *, uint32_t events);
  int fd;
};

enum mode { ECHO, HANDSHAKE, PUSH, IDLE };
enum phase { RAMP, WARM, MEASURE, DRAIN, CLOSING };

struct options {
  enum mode mode;
  int target_port, backend_port, connections, window;
  size_t payload;
  int warm_ms, measure_ms, limit_ms;
  const char *path;
  int watched[MAX_WATCHED], watched_count;
};

struct state {
  int epoll;
  enum phase phase;
  uint64_t now_ns; // read once per batch of events
  uint64_t units;  // counted while phase is MEASURE
  int open;        // client connections that have their 101 (and, where wanted, their first echo)
  int alive;       // client descriptors
  uint64_t failed_connect, failed_handshake, failed_payload, failed_close;
};

extern struct options options;
extern struct state state;

// ---- main.c
void die(const char *what);
void watch(struct source *, uint32_t events, bool is_new);

// ---- clock.c
struct snapshot {
  uint64_t wall_ns, unix_ns, own_ns, busy_ns, steal_ns, watched_ns;
};
uint64_t clock_ns(void);
/** CPU of the watched processes (all threads), of this one, and of the whole machine. */
struct snapshot snapshot(void);
void latency_add(uint64_t ns);
uint64_t latency_at(double quantile);

// ---- frames.c
struct frame {
  uint8_t head[14];
  uint8_t have;   // bytes of the head so far
  bool is_inside; // the head is complete, payload follows
  bool is_final, is_masked;
  uint8_t opcode, mask[4];
  uint64_t length, at;
};
/** Takes bytes of a frame's head; returns how many. `is_inside` turns true with the last one. */
size_t frame_head(struct frame *, const uint8_t *bytes, size_t count);
/** Writes an unmasked head (RFC 6455 5.2); returns its length, 10 at most. */
size_t frame_write_head(uint8_t *out, uint8_t first, uint64_t length);
void frame_mask(uint8_t *bytes, size_t count, const uint8_t mask[4], uint64_t at);
/** Makes the one payload everybody sends: a fixed pattern, all but the first 16 bytes. */
void payload_prepare(size_t bytes);
extern uint8_t *payload_plain, *payload_masked;
extern const uint8_t PAYLOAD_MASK[4];

// ---- handshake.c
/** The Sec-WebSocket-Accept for a key of 24 characters (RFC 6455 4.2.2), 28 characters and a zero. */
void accept_value(const char *key, char out[29]);

// ---- backend.c
void backend_listen(int port);
/** Sends one frame of `options.payload` bytes, stamped, to every open socket; returns to how many. */
int backend_push(uint64_t sequence);

// ---- client.c
void client_prepare(void);
void client_open(void);
/** Sends the first window of every connection, or opens the slots of the handshake mode. */
void client_start(void);
void client_close_all(void);
/** Ends what is still open at once; returns how many there were. */
int client_cut_all(void);
bool client_is_quiet(void);
extern uint64_t push_received;
