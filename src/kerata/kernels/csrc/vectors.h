// Vectors of 16 numbers: functions of them, and products of small blocks. Included once for each
// instruction set, in a namespace of its own; the compiler makes of a vector what the set has.

typedef float V __attribute__((vector_size(64), aligned(4)));
typedef int32_t W __attribute__((vector_size(64), aligned(4)));

static inline V all(float x) { return V{} + x; }

static inline V load(const float* from, int64_t count) {
  V out = {};
  if (count >= 16) {
    out = *reinterpret_cast<const V*>(from);
  } else {
    std::memcpy(&out, from, count * sizeof(float));
  }
  return out;
}

static inline void store(float* to, V x, int64_t count) {
  if (count >= 16) {
    *reinterpret_cast<V*>(to) = x;
  } else {
    std::memcpy(to, &x, count * sizeof(float));
  }
}

// e^x by Cephes' expf: 2^n times a polynomial of what is left.
static inline V exponential(V x) {
  x = x > all(88.0f) ? all(88.0f) : x;
  x = x < all(-87.0f) ? all(-87.0f) : x;
  const V shift = all(12582912.0f);  // adding it rounds to a whole number
  const V n = (x * all(1.44269504088896341f) + shift) - shift;
  V r = x - n * all(0.693359375f);
  r = r - n * all(-2.12194440e-4f);
  V p = all(1.9875691500e-4f);
  p = p * r + all(1.3981999507e-3f);
  p = p * r + all(8.3334519073e-3f);
  p = p * r + all(4.1665795894e-2f);
  p = p * r + all(1.6666665459e-1f);
  p = p * r + all(5.0000001201e-1f);
  p = p * r * r + r + all(1.0f);
  const W power = (__builtin_convertvector(n, W) + 127) << 23;
  return p * reinterpret_cast<const V&>(power);
}

static inline V sigmoid(V x) { return all(1.0f) / (all(1.0f) + exponential(-x)); }

// Cephes' tanhf: a polynomial near 0, where the other form would lose digits.
static inline V tangent(V x) {
  const V far = all(1.0f) - all(2.0f) / (all(1.0f) + exponential(x + x));
  const V s = x * x;
  V p = all(-5.70498872745e-3f);
  p = p * s + all(2.06390887954e-2f);
  p = p * s + all(-5.37397155531e-2f);
  p = p * s + all(1.33314422036e-1f);
  p = p * s + all(-3.33332819422e-1f);
  const V near = x + x * s * p;
  return s < all(0.390625f) ? near : far;
}

// sums[row][v] += rows (kRows x depth, `stride` apart) times a panel (depth x kVectors x 16).
template <int kRows, int kVectors>
static inline void multiply(const float* rows, int64_t stride, const float* panel, int64_t depth,
                            V (&sums)[kRows][kVectors]) {
  for (int64_t k = 0; k < depth; ++k) {
    const V* line = reinterpret_cast<const V*>(panel + k * kVectors * 16);
    V right[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) right[v] = line[v];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const V left = all(rows[r * stride + k]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums[r][v] += left * right[v];
    }
  }
}
