// Products with a matrix of few columns, which stay in registers while the other matrix, of which
// each number is used once for them all, comes from memory.

#include "vectors.h"

// Rows first to last of the product of `a`, whose rows are `stride` apart, and a panel.
template <int kVectors>
static void slim_rows(const float* a, int64_t stride, const float* panel, int64_t depth, float* c,
                      int64_t c_stride, int64_t columns, int64_t first, int64_t last) {
  auto keep = [&](const V* sums, int64_t row) {
    for (int v = 0; v < kVectors && v * 16 < columns; ++v)
      store(c + row * c_stride + v * 16, sums[v], columns - v * 16);
  };
  int64_t m = first;
  for (; m + 8 <= last; m += 8) {
    V sums[8][kVectors] = {};
    multiply<8, kVectors>(a + m * stride, stride, panel, depth, sums);
    for (int r = 0; r < 8; ++r) keep(sums[r], m + r);
  }
  for (; m < last; ++m) {
    V sums[1][kVectors] = {};
    multiply<1, kVectors>(a + m * stride, stride, panel, depth, sums);
    keep(sums[0], m);
  }
}

// sums[i] += the products of kDeep lines of `a` at a column, and as many lines of a panel.
template <int kVectors, int kDeep>
static inline void slim_lines(const float* a, int64_t stride, const float* panel, int64_t count,
                              V (*sums)[kVectors]) {
  V right[kDeep][kVectors];
#pragma GCC unroll 8
  for (int k = 0; k < kDeep; ++k)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v)
      right[k][v] = *reinterpret_cast<const V*>(panel + (k * kVectors + v) * 16);
  for (int64_t i = 0; i < count; ++i) {
#pragma GCC unroll 8
    for (int k = 0; k < kDeep; ++k) {
      const V left = all(a[k * stride + i]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[i][v] += left * right[k][v];
    }
  }
}

// The same where the lines of `a`, `stride` apart, are what is summed over: `a` is transposed.
template <int kVectors>
static void slim_columns(const float* a, int64_t stride, const float* panel, int64_t depth, float* c,
                         int64_t c_stride, int64_t columns, int64_t first, int64_t last) {
  constexpr int64_t kTile = 256 / kVectors;  // as many sums as the first cache holds
  V sums[kTile][kVectors];
  for (int64_t at = first; at < last; at += kTile) {
    const int64_t count = std::min(kTile, last - at);
    std::memset(sums, 0, sizeof(sums));
    int64_t k = 0;
    for (; k + 8 <= depth; k += 8)
      slim_lines<kVectors, 8>(a + k * stride + at, stride, panel + k * kVectors * 16, count, sums);
    for (; k < depth; ++k)
      slim_lines<kVectors, 1>(a + k * stride + at, stride, panel + k * kVectors * 16, count, sums);
    for (int64_t i = 0; i < count; ++i)
      for (int v = 0; v < kVectors && v * 16 < columns; ++v)
        store(c + (at + i) * c_stride + v * 16, sums[i][v], columns - v * 16);
  }
}
