// Frames of RFC 6455: heads, masking, and the payload everybody sends.
#include "load.h"

#include <stdlib.h>
#include <string.h>

size_t frame_head(struct frame *f, const uint8_t *bytes, size_t count) {
  size_t taken = 0;
  for (;;) {
    size_t need = 2;
    if (f->have >= 2) {
      unsigned short_length = f->head[1] & 0x7f;
      need += (short_length == 126 ? 2 : short_length == 127 ? 8 : 0) + (f->head[1] & 0x80 ? 4 : 0);
      if (f->have == need) break;
    }
    if (taken == count) return taken;
    f->head[f->have++] = bytes[taken++];
  }
  unsigned at = 2, short_length = f->head[1] & 0x7f;
  f->length = short_length;
  if (short_length >= 126) {
    unsigned size = short_length == 126 ? 2 : 8;
    f->length = 0;
    for (unsigned i = 0; i < size; i++) f->length = f->length << 8 | f->head[at++];
  }
  f->is_final = (f->head[0] & 0x80) != 0;
  f->opcode = f->head[0] & 0x0f;
  f->is_masked = (f->head[1] & 0x80) != 0;
  if (f->is_masked) memcpy(f->mask, f->head + at, 4);
  f->is_inside = true;
  f->have = 0;
  f->at = 0;
  return taken;
}

size_t frame_write_head(uint8_t *out, uint8_t first, uint64_t length) {
  out[0] = first;
  if (length < 126) {
    out[1] = (uint8_t)length;
    return 2;
  }
  unsigned size = length < 65536 ? 2 : 8;
  out[1] = size == 2 ? 126 : 127;
  for (unsigned i = 0; i < size; i++) out[2 + i] = (uint8_t)(length >> (8 * (size - 1 - i)));
  return 2 + size;
}

void frame_mask(uint8_t *bytes, size_t count, const uint8_t mask[4], uint64_t at) {
  uint8_t turned[8];
  for (unsigned i = 0; i < 8; i++) turned[i] = mask[(at + i) & 3];
  uint64_t wide, part;
  memcpy(&wide, turned, 8);
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    memcpy(&part, bytes + i, 8);
    part ^= wide;
    memcpy(bytes + i, &part, 8);
  }
  for (; i < count; i++) bytes[i] ^= turned[i & 7];
}

uint8_t *payload_plain, *payload_masked;
const uint8_t PAYLOAD_MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

void payload_prepare(size_t bytes) {
  payload_plain = malloc(bytes);
  payload_masked = malloc(bytes);
  if (payload_plain == NULL || payload_masked == NULL) die("out of memory");
  for (size_t i = 0; i < bytes; i++) payload_plain[i] = (uint8_t)(i * 31 + i / 251 + 7);
  memcpy(payload_masked, payload_plain, bytes);
  frame_mask(payload_masked, bytes, PAYLOAD_MASK, 0);
}
