#include "vectors.h"

// e^x, and 0 where the smallest float would be too large: what is masked counts nothing.
static inline V exponential_or_zero(V x) { return x < all(-87.0f) ? V{} : exponential(x); }

static inline float sum_of(V x) {
  float out = 0;
  for (int i = 0; i < 16; ++i) out += x[i];
  return out;
}

static inline float largest_of(V x) {
  float out = x[0];
  for (int i = 1; i < 16; ++i) out = x[i] > out ? x[i] : out;
  return out;
}

static void softmax(const float* x, const float*, float* y, int64_t width, int64_t first,
                    int64_t last) {
  const int64_t whole = width / 16 * 16;
  for (int64_t r = first; r < last; ++r) {
    const float* from = x + r * width;
    float* to = y + r * width;
    float top = from[0];
    if (whole) {
      V most = load(from, 16);
      for (int64_t i = 16; i < whole; i += 16) {
        const V now = load(from + i, 16);
        most = now > most ? now : most;
      }
      top = largest_of(most);
    }
    for (int64_t i = whole; i < width; ++i) top = from[i] > top ? from[i] : top;
    V total = {};
    for (int64_t i = 0; i < width; i += 16) {
      const int64_t count = std::min<int64_t>(16, width - i);
      V e = exponential_or_zero(load(from + i, count) - all(top));
      store(to + i, e, count);
      if (count < 16) e = load(to + i, count);  // without what lies behind the row
      total += e;
    }
    const V scale = all(1.0f / sum_of(total));
    for (int64_t i = 0; i < width; i += 16) {
      const int64_t count = std::min<int64_t>(16, width - i);
      store(to + i, load(to + i, count) * scale, count);
    }
  }
}

// y (t - <t, y>): what a movement t of the input moves the output by, and the other way round.
static void softmax_move(const float* t, const float* y, float* out, int64_t width, int64_t first,
                         int64_t last) {
  for (int64_t r = first; r < last; ++r) {
    const float *a = t + r * width, *b = y + r * width;
    V total = {};
    for (int64_t i = 0; i < width; i += 16) {
      const int64_t count = std::min<int64_t>(16, width - i);
      total += load(a + i, count) * load(b + i, count);
    }
    const V mean = all(sum_of(total));
    for (int64_t i = 0; i < width; i += 16) {
      const int64_t count = std::min<int64_t>(16, width - i);
      store(out + r * width + i, load(b + i, count) * (load(a + i, count) - mean), count);
    }
  }
}
