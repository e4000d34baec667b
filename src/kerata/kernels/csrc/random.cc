// Random bits: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: Parallel random numbers:
// as easy as 1, 2, 3; 2011) of a key and the places' numbers, the same bits as jax.random.bits.

#include <algorithm>

#include "common.h"

namespace kerata {
namespace {

constexpr int64_t kPiece = 4096;  // places that a thread takes at a time

// Bits of the places first to last; all of them have the same upper half `high` of their number.
KERATA_CLONES void fill(uint32_t k0, uint32_t k1, uint32_t high, uint32_t low, int64_t count,
                        uint32_t* out) {
  const uint32_t keys[3] = {k0, k1, k0 ^ k1 ^ 0x1BD11BDAu};
  static const int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    uint32_t a = high + k0, b = low + static_cast<uint32_t>(i) + k1;
#pragma GCC unroll 5
    for (int block = 0; block < 5; ++block) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        const int by = rotations[block % 2][j];
        a += b;
        b = ((b << by) | (b >> (32 - by))) ^ a;
      }
      a += keys[(block + 1) % 3];
      b += keys[(block + 2) % 3] + static_cast<uint32_t>(block + 1);
    }
    out[i] = a ^ b;
  }
}

// Whether numbers in [0, 1) made of bits are below p.
KERATA_CLONES void below(const uint32_t* bits, float p, int64_t count, uint8_t* out) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t word = (bits[i] >> 9) | 0x3F800000u;  // 23 bits behind a 1: in [1, 2)
    out[i] = reinterpret_cast<const float&>(word) - 1.0f < p;
  }
}

ffi::Error Bits(ffi::Buffer<ffi::U32> key, ffi::ResultBuffer<ffi::U32> bits) {
  return guarded([&] {
    const uint32_t k0 = key.typed_data()[0], k1 = key.typed_data()[1];
    const int64_t count = bits->element_count();
    uint32_t* out = bits->typed_data();
    // A piece never crosses a multiple of 2^32, where the upper half changes.
#pragma omp parallel for schedule(static) if (count > 4 * kPiece)
    for (int64_t at = 0; at < count; at += kPiece) {
      fill(k0, k1, static_cast<uint32_t>(at >> 32), static_cast<uint32_t>(at),
           std::min(kPiece, count - at), out + at);
    }
  });
}

ffi::Error Bernoulli(ffi::Buffer<ffi::U32> key, Floats p, ffi::ResultBuffer<ffi::PRED> drawn) {
  return guarded([&] {
    const uint32_t k0 = key.typed_data()[0], k1 = key.typed_data()[1];
    const float limit = p.typed_data()[0];
    const int64_t count = drawn->element_count();
    uint8_t* out = reinterpret_cast<uint8_t*>(drawn->typed_data());
#pragma omp parallel for schedule(static) if (count > 4 * kPiece)
    for (int64_t at = 0; at < count; at += kPiece) {
      uint32_t bits[kPiece];
      const int64_t size = std::min(kPiece, count - at);
      fill(k0, k1, static_cast<uint32_t>(at >> 32), static_cast<uint32_t>(at), size, bits);
      below(bits, limit, size, out + at);
    }
  });
}

}  // namespace
}  // namespace kerata

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_bits, kerata::Bits,
                              xla::ffi::Ffi::Bind()
                                  .Arg<xla::ffi::Buffer<xla::ffi::U32>>()
                                  .Ret<xla::ffi::Buffer<xla::ffi::U32>>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_bernoulli, kerata::Bernoulli,
                              xla::ffi::Ffi::Bind()
                                  .Arg<xla::ffi::Buffer<xla::ffi::U32>>()
                                  .Arg<kerata::Floats>()
                                  .Ret<xla::ffi::Buffer<xla::ffi::PRED>>());
