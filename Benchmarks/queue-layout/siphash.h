// SipHash-c-d with 128-bit output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
#ifndef SIPHASH_H
#define SIPHASH_H
#include <stdint.h>
#include <string.h>

struct hash128 {
    uint64_t low, high;
};

#define SIP_ROTATE(x, b) ((x) << (b) | (x) >> (64 - (b)))

static inline void sip_rounds(uint64_t v[4], int rounds) {
    for (int i = 0; i < rounds; i++) {
        v[0] += v[1]; v[1] = SIP_ROTATE(v[1], 13) ^ v[0]; v[0] = SIP_ROTATE(v[0], 32);
        v[2] += v[3]; v[3] = SIP_ROTATE(v[3], 16) ^ v[2];
        v[0] += v[3]; v[3] = SIP_ROTATE(v[3], 21) ^ v[0];
        v[2] += v[1]; v[1] = SIP_ROTATE(v[1], 17) ^ v[2]; v[2] = SIP_ROTATE(v[2], 32);
    }
}

static inline struct hash128 siphash128(const uint64_t key[2], const uint8_t *bytes, uint32_t count, int c, int d) {
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du ^ 0xee,
                     key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
    uint64_t last = (uint64_t)count << 56, word;
    uint32_t at = 0;
    for (; at + 8 <= count; at += 8) {
        memcpy(&word, bytes + at, 8);
        v[3] ^= word;
        sip_rounds(v, c);
        v[0] ^= word;
    }
    for (uint32_t i = 0; at + i < count; i++) last |= (uint64_t)bytes[at + i] << (8 * i);
    v[3] ^= last;
    sip_rounds(v, c);
    v[0] ^= last;
    v[2] ^= 0xee;
    sip_rounds(v, d);
    struct hash128 hash = {.low = v[0] ^ v[1] ^ v[2] ^ v[3]};
    v[1] ^= 0xdd;
    sip_rounds(v, d);
    hash.high = v[0] ^ v[1] ^ v[2] ^ v[3];
    return hash;
}
#endif
