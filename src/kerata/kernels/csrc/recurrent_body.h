#include "vectors.h"

// Calls run(n, r) for blocks of n rows from r on, up to 6 rows, of sizes as equal as can be. The
// number is a constant of the compiler.
template <typename F>
static inline void in_blocks(int64_t first, int64_t last, const F& run) {
  for (int64_t r = first; r < last;) {
    const int64_t left = last - r, blocks = (left + 5) / 6, rows = (left + blocks - 1) / blocks;
    switch (rows) {
      case 6: run(std::integral_constant<int, 6>(), r); break;
      case 5: run(std::integral_constant<int, 5>(), r); break;
      case 4: run(std::integral_constant<int, 4>(), r); break;
      case 3: run(std::integral_constant<int, 3>(), r); break;
      case 2: run(std::integral_constant<int, 2>(), r); break;
      default: run(std::integral_constant<int, 1>(), r); break;
    }
    r += rows;
  }
}

// to (rows x width) = or += from (rows x depth) times a matrix in panels of up to 64 columns.
template <int kRows, int kVectors>
static void project_block(const float* from, int64_t depth, const float* panel, float* to,
                          int64_t width, int64_t at, bool adds) {
  V sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) {
      const int64_t left = width - (at + v * 16);
      sums[r][v] =
          adds && left > 0 ? load(to + r * width + at + v * 16, std::min<int64_t>(16, left)) : V{};
    }
  multiply<kRows, kVectors>(from, depth, panel, depth, sums);
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) {
      const int64_t column = at + v * 16;
      if (column < width)
        store(to + r * width + column, sums[r][v], std::min<int64_t>(16, width - column));
    }
}

template <int kRows>
static void project(const float* from, int64_t depth, const float* panels, float* to, int64_t width,
                    bool adds) {
  for (int64_t at = 0; at < width; at += 64) {
    const float* panel = panels + at * depth;
    const int64_t left = (width - at + 15) / 16;
    if (left >= 4) {
      project_block<kRows, 4>(from, depth, panel, to, width, at, adds);
    } else if (left == 3) {
      project_block<kRows, 3>(from, depth, panel, to, width, at, adds);
    } else if (left == 2) {
      project_block<kRows, 2>(from, depth, panel, to, width, at, adds);
    } else {
      project_block<kRows, 1>(from, depth, panel, to, width, at, adds);
    }
  }
}

static void project_rows(const float* from, int64_t depth, const float* panels, float* to,
                         int64_t width, bool adds, int64_t first, int64_t last) {
  in_blocks(first, last, [&](auto rows, int64_t r) {
    project<rows.value>(from + r * depth, depth, panels, to + r * width, width, adds);
  });
}

// total += the sum of the rows.
static void add_rows(const float* rows, int64_t width, float* total, int64_t first, int64_t last) {
  for (int64_t r = first; r < last; ++r)
    for (int64_t k = 0; k < width; k += 16) {
      const int64_t count = std::min<int64_t>(16, width - k);
      store(total + k, load(total + k, count) + load(rows + r * width + k, count), count);
    }
}

static inline bool masked(const float* mask, int64_t at) { return mask != nullptr && !(mask[at] > 0); }

// The loops of an LSTM. Rows of the batch go in blocks of kRows, units in panels of 16: a block's sums
// of the four gates of a panel stay in registers, and the gates are computed from them there.

namespace lstm {

template <int kRows>
static void forward_block(const Shape& s, const ForwardData& d, const float* x,
                          const float* before, const float* c_before, const float* mask,
                          float* y, float* c_after, float* gates) {
  const int64_t u = s.units;
  for (int64_t p = 0; p < s.panels; ++p) {
    const int64_t at = p * 16, count = std::min<int64_t>(16, u - at);
    V sums[kRows][4];
    for (int r = 0; r < kRows; ++r)
      for (int g = 0; g < 4; ++g) sums[r][g] = load(d.bias + g * u + at, count);
    multiply<kRows, 4>(x, s.features, d.input_panels + p * s.features * 64, s.features, sums);
    multiply<kRows, 4>(before, u, d.panels + p * u * 64, u, sums);
    for (int r = 0; r < kRows; ++r) {
      const V i = sigmoid(sums[r][0]), f = sigmoid(sums[r][1]);
      const V g = tangent(sums[r][2]), o = sigmoid(sums[r][3]);
      const V old = load(c_before + r * u + at, count);
      const bool on = mask == nullptr || mask[r] > 0;
      const V c = on ? f * old + i * g : old;
      store(c_after + r * u + at, c, count);
      store(y + r * u + at, on ? o * tangent(c) : load(before + r * u + at, count), count);
      if (gates != nullptr) {
        float* to = gates + r * 4 * u + at;
        store(to, i, count);
        store(to + u, f, count);
        store(to + 2 * u, g, count);
        store(to + 3 * u, o, count);
      }
    }
  }
}

// All steps for the rows from `first` to `last`.
static void forward(const Shape& s, const ForwardData& d, int64_t first, int64_t last) {
  const int64_t u = s.units, line = s.batch * u;
  for (int64_t step = 0; step < s.steps; ++step) {
    const int64_t t = s.reverse ? s.steps - 1 - step : step;
    const int64_t b = s.reverse ? t + 1 : t - 1;
    const float* before = step ? d.y + b * line : d.h;
    const float* c_before = step ? (d.cells ? d.cells + b * line : d.c_last) : d.c;
    float* c_after = d.cells ? d.cells + t * line : d.c_last;
    float* gates = d.gates ? d.gates + t * 4 * line : nullptr;
    in_blocks(first, last, [&](auto rows, int64_t r) {
      forward_block<rows.value>(s, d, d.x + (t * s.batch + r) * s.features, before + r * u,
                                c_before + r * u, d.mask ? d.mask + t * s.batch + r : nullptr,
                                d.y + t * line + r * u, c_after + r * u,
                                gates ? gates + r * 4 * u : nullptr);
    });
  }
  if (d.cells) {
    const int64_t t = s.reverse ? 0 : s.steps - 1;
    std::memcpy(d.c_last + first * u, d.cells + t * line + first * u,
                (last - first) * u * sizeof(float));
  }
}

static void backward(const Shape& s, const BackwardData& d, int64_t first, int64_t last) {
  const int64_t u = s.units, line = s.batch * u;
  for (int64_t step = s.steps - 1; step >= 0; --step) {
    const int64_t t = s.reverse ? s.steps - 1 - step : step;
    const int64_t b = s.reverse ? t + 1 : t - 1;
    const float* c_before = step ? d.cells + b * line : d.c;
    for (int64_t r = first; r < last; ++r) {
      const int64_t row = t * line + r * u;
      const float* gates = d.gates + row * 4;
      float *dz = d.dz + row * 4, *carried = d.dh + r * u;
      if (masked(d.mask, t * s.batch + r)) {
        std::memset(dz, 0, 4 * u * sizeof(float));
        add_rows(d.dy + row, u, carried, 0, 1);
        continue;
      }
      for (int64_t at = 0; at < u; at += 16) {
        const int64_t count = std::min<int64_t>(16, u - at);
        const V i = load(gates + at, count), f = load(gates + u + at, count);
        const V g = load(gates + 2 * u + at, count), o = load(gates + 3 * u + at, count);
        const V one = all(1.0f), c = tangent(load(d.cells + row + at, count));
        const V dh = load(d.dy + row + at, count) + load(carried + at, count);
        const V dc = load(d.dc + r * u + at, count) + dh * o * (one - c * c);
        store(dz + at, dc * g * i * (one - i), count);
        store(dz + u + at, dc * load(c_before + r * u + at, count) * f * (one - f), count);
        store(dz + 2 * u + at, dc * i * (one - g * g), count);
        store(dz + 3 * u + at, dh * c * o * (one - o), count);
        store(d.dc + r * u + at, dc * f, count);
        store(carried + at, V{}, count);
      }
    }
    const float* dz = d.dz + t * 4 * line;
    project_rows(dz, 4 * u, d.panels, d.dh, u, true, first, last);
    project_rows(dz, 4 * u, d.input_panels, d.dx + t * s.batch * s.features, s.features, false,
                 first, last);
    add_rows(dz, 4 * u, d.dbias + first / s.share * 4 * u, first, last);
  }
}

}  // namespace lstm

// The loops of gated recurrent units whose reset acts after the product, as those of an LSTM.

namespace gru {

template <int kRows>
static void forward_block(const Shape& s, const GruForward& d, const float* x,
                          const float* before, const float* mask, float* y, float* kept) {
  const int64_t u = s.units;
  for (int64_t p = 0; p < s.panels; ++p) {
    const int64_t at = p * 16, count = std::min<int64_t>(16, u - at);
    V outer[kRows][3], sums[kRows][3];
    for (int r = 0; r < kRows; ++r)
      for (int g = 0; g < 3; ++g) {
        outer[r][g] = load(d.bias + g * u + at, count);
        sums[r][g] = load(d.inner_bias + g * u + at, count);
      }
    multiply<kRows, 3>(x, s.features, d.input_panels + p * s.features * 48, s.features, outer);
    multiply<kRows, 3>(before, u, d.panels + p * u * 48, u, sums);
    for (int r = 0; r < kRows; ++r) {
      const V update = sigmoid(outer[r][0] + sums[r][0]);
      const V reset = sigmoid(outer[r][1] + sums[r][1]);
      const V candidate = tangent(outer[r][2] + reset * sums[r][2]);
      const V h = load(before + r * u + at, count);
      const bool on = mask == nullptr || mask[r] > 0;
      store(y + r * u + at, on ? candidate + update * (h - candidate) : h, count);
      if (kept != nullptr) {
        float* to = kept + r * 4 * u + at;
        store(to, update, count);
        store(to + u, reset, count);
        store(to + 2 * u, candidate, count);
        store(to + 3 * u, sums[r][2], count);
      }
    }
  }
}

static void forward(const Shape& s, const GruForward& d, int64_t first, int64_t last) {
  const int64_t u = s.units, line = s.batch * u;
  for (int64_t step = 0; step < s.steps; ++step) {
    const int64_t t = s.reverse ? s.steps - 1 - step : step;
    const float* before = step ? d.y + (s.reverse ? t + 1 : t - 1) * line : d.h;
    in_blocks(first, last, [&](auto rows, int64_t r) {
      forward_block<rows.value>(s, d, d.x + (t * s.batch + r) * s.features, before + r * u,
                                d.mask ? d.mask + t * s.batch + r : nullptr,
                                d.y + t * line + r * u,
                                d.kept ? d.kept + (t * s.batch + r) * 4 * u : nullptr);
    });
  }
}

static void backward(const Shape& s, const GruBackward& d, int64_t first, int64_t last) {
  const int64_t u = s.units, line = s.batch * u;
  const V one = all(1.0f);
  for (int64_t step = s.steps - 1; step >= 0; --step) {
    const int64_t t = s.reverse ? s.steps - 1 - step : step;
    const float* before = step ? d.y + (s.reverse ? t + 1 : t - 1) * line : d.h;
    for (int64_t r = first; r < last; ++r) {
      const int64_t row = t * line + r * u;
      const float* kept = d.kept + row * 4;
      float *dz = d.dz + row * 3, *inner = d.dinner + row * 3, *dh = d.dh + r * u;
      if (masked(d.mask, t * s.batch + r)) {
        std::memset(dz, 0, 3 * u * sizeof(float));
        std::memset(inner, 0, 3 * u * sizeof(float));
        add_rows(d.dy + row, u, dh, 0, 1);
        continue;
      }
      for (int64_t at = 0; at < u; at += 16) {
        const int64_t count = std::min<int64_t>(16, u - at);
        const V update = load(kept + at, count), reset = load(kept + u + at, count);
        const V candidate = load(kept + 2 * u + at, count);
        const V grad = load(d.dy + row + at, count) + load(dh + at, count);
        const V du = grad * (load(before + r * u + at, count) - candidate) * update * (one - update);
        const V dc = grad * (one - update) * (one - candidate * candidate);
        const V dr = dc * load(kept + 3 * u + at, count) * reset * (one - reset);
        store(dz + at, du, count);
        store(dz + u + at, dr, count);
        store(dz + 2 * u + at, dc, count);
        store(inner + at, du, count);
        store(inner + u + at, dr, count);
        store(inner + 2 * u + at, dc * reset, count);
        store(dh + at, grad * update, count);
      }
    }
    const float *dz = d.dz + t * 3 * line, *inner = d.dinner + t * 3 * line;
    project_rows(inner, 3 * u, d.panels, d.dh, u, true, first, last);
    project_rows(dz, 3 * u, d.input_panels, d.dx + t * s.batch * s.features, s.features, false,
                 first, last);
    add_rows(dz, 3 * u, d.dbias + first / s.share * 6 * u, first, last);
    add_rows(inner, 3 * u, d.dbias + (first / s.share * 6 + 3) * u, first, last);
  }
}

}  // namespace gru

// The loops of a net whose next state is tanh of what it takes from the input and from the state.

namespace simple {

static void forward(const Shape& s, const SimpleForward& d, int64_t first, int64_t last) {
  const int64_t u = s.units, line = s.batch * u;
  for (int64_t step = 0; step < s.steps; ++step) {
    const int64_t t = s.reverse ? s.steps - 1 - step : step;
    const float* before = step ? d.y + (s.reverse ? t + 1 : t - 1) * line : d.h;
    float* y = d.y + t * line;
    project_rows(d.x + t * s.batch * s.features, s.features, d.input_panels, y, u, false, first,
                 last);
    project_rows(before, u, d.panels, y, u, true, first, last);
    for (int64_t r = first; r < last; ++r) {
      const bool off = masked(d.mask, t * s.batch + r);
      for (int64_t at = 0; at < u; at += 16) {
        const int64_t count = std::min<int64_t>(16, u - at), to = r * u + at;
        const V z = load(y + to, count) + load(d.bias + at, count);
        store(y + to, off ? load(before + to, count) : tangent(z), count);
      }
    }
  }
}

static void backward(const Shape& s, const SimpleBackward& d, int64_t first, int64_t last) {
  const int64_t u = s.units, line = s.batch * u;
  for (int64_t step = s.steps - 1; step >= 0; --step) {
    const int64_t t = s.reverse ? s.steps - 1 - step : step;
    float* dz = d.dz + t * line;
    for (int64_t r = first; r < last; ++r) {
      const int64_t row = t * line + r * u;
      float* carried = d.dh + r * u;
      if (masked(d.mask, t * s.batch + r)) {
        std::memset(dz + r * u, 0, u * sizeof(float));
        add_rows(d.dy + row, u, carried, 0, 1);
        continue;
      }
      for (int64_t at = 0; at < u; at += 16) {
        const int64_t count = std::min<int64_t>(16, u - at);
        const V y = load(d.y + row + at, count);
        const V grad = load(d.dy + row + at, count) + load(carried + at, count);
        store(dz + r * u + at, grad * (all(1.0f) - y * y), count);
        store(carried + at, V{}, count);
      }
    }
    project_rows(dz, u, d.panels, d.dh, u, true, first, last);
    project_rows(dz, u, d.input_panels, d.dx + t * s.batch * s.features, s.features, false, first,
                 last);
    add_rows(dz, u, d.dbias + first / s.share * u, first, last);
  }
}

}  // namespace simple
