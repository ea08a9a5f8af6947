// Sec-WebSocket-Accept: SHA-1 (RFC 3174) of the key and a fixed GUID, in base 64.
#include "load.h"

#include <string.h>

static uint32_t turn(uint32_t value, unsigned bits) { return value << bits | value >> (32 - bits); }

static void sha1_block(uint32_t h[5], const uint8_t *block) {
  uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
           block[4 * i + 3];
  for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  for (int i = 0; i < 80; i++) {
    uint32_t f = i < 20   ? (b & c) | (~b & d)
                 : i < 40 ? b ^ c ^ d
                 : i < 60 ? (b & c) | (b & d) | (c & d)
                          : b ^ c ^ d;
    uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    uint32_t next = turn(a, 5) + f + e + k + w[i];
    e = d, d = c, c = turn(b, 30), b = a, a = next;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

void accept_value(const char *key, char out[29]) {
  static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t text[128] = {0}, digest[21] = {0};
  memcpy(text, key, 24);
  memcpy(text + 24, GUID, 36);
  text[60] = 0x80; // 60 bytes and their length do not fit into one block of 64
  text[126] = (60 * 8) >> 8;
  text[127] = (60 * 8) & 0xff;
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  sha1_block(h, text);
  sha1_block(h, text + 64);
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(h[i / 4] >> (8 * (3 - i % 4)));
  for (int i = 0; i < 7; i++) {
    uint32_t three = (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 | digest[3 * i + 2];
    for (int j = 0; j < 4; j++) out[4 * i + j] = DIGITS[three >> (6 * (3 - j)) & 63];
  }
  out[27] = '=';
  out[28] = 0;
}
