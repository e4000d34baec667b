// Maximum and average over windows of one to three spatial axes, and their derivatives.
//
// Own loops over pieces of rows: tensors lie as (batch, depth, height, width, channels). The place of a maximum within its window is kept in a byte. Derivatives are
// written as sums over the windows that hold a place, so that each result is written once.

#include <algorithm>
#include <cstring>
#include <limits>

#include "common.h"
#include "sets.h"

namespace kerata {
namespace {

using Bytes = ffi::Buffer<ffi::U8>;
using BytesOut = ffi::ResultBuffer<ffi::U8>;

// Three spatial axes; absent ones have size and window 1.
struct Pool {
  int64_t batch, channels;
  int64_t in[3], out[3], window[3], stride[3], before[3];

  Pool(ffi::Span<const int64_t> x, ffi::Span<const int64_t> y, Numbers w, Numbers s, Numbers b) {
    batch = x.front();
    channels = x.back();
    const size_t rank = w.size(), absent = 3 - rank;
    for (size_t i = 0; i < 3; ++i) {
      const bool there = i >= absent;
      in[i] = there ? x[1 + i - absent] : 1;
      out[i] = there ? y[1 + i - absent] : 1;
      window[i] = there ? w[i - absent] : 1;
      stride[i] = there ? s[i - absent] : 1;
      before[i] = there ? b[i - absent] : 0;
    }
  }

  // The places of a window that lie within the input, along an axis.
  void range(int axis, int64_t o, int64_t* first, int64_t* last) const {
    const int64_t start = o * stride[axis] - before[axis];
    *first = std::max<int64_t>(start, 0);
    *last = std::min(start + window[axis], in[axis]);
  }

  // The windows that hold a place, along an axis.
  void holders(int axis, int64_t i, int64_t* first, int64_t* last) const {
    const int64_t at = i + before[axis];
    const int64_t low = at - window[axis] + 1;
    *first = low <= 0 ? 0 : (low + stride[axis] - 1) / stride[axis];
    *last = std::min(at / stride[axis] + 1, out[axis]);
  }

  int64_t row(const int64_t* size, int64_t n, int64_t d, int64_t h, int64_t w) const {
    return (((n * size[0] + d) * size[1] + h) * size[2] + w) * channels;
  }

  // The number of a place within a window.
  int64_t place(int64_t a, int64_t b, int64_t c) const {
    return (a * window[1] + b) * window[2] + c;
  }

  // The columns of the output whose windows have an input column at their place `c`.
  void columns(int64_t c, int64_t* first, int64_t* last) const {
    const int64_t shift = before[2] - c, s = stride[2];
    *first = shift <= 0 ? 0 : (shift + s - 1) / s;
    const int64_t reach = in[2] - 1 + shift;
    *last = reach < 0 ? 0 : std::min(reach / s + 1, out[2]);
  }

  // How many places of a window lie within the input, along an axis.
  int64_t held(int axis, int64_t o) const {
    int64_t first, last;
    range(axis, o, &first, &last);
    return last - first;
  }

  int64_t step() const { return stride[2] * channels; }
};

// Runs `at(n, first, second)` for all rows of a size, shared among threads.
template <typename F>
void for_rows(const Pool& p, const int64_t* size, const F& at) {
  const int64_t rows = p.batch * size[0] * size[1];
#pragma omp parallel for schedule(static) if (rows * size[2] * p.channels > 4096)
  for (int64_t r = 0; r < rows; ++r) at(r / (size[1] * size[0]), r / size[1] % size[0], r % size[1]);
}

// Runs `over(input, output, number in the window, columns)` for the pieces of rows that an output row
// takes from the input: places in the input `stride` columns apart, in the output side by side.
template <typename F>
inline void in_windows(const Pool& p, int64_t n, int64_t o0, int64_t o1, const F& over) {
  int64_t a0, b0, a1, b1, first, last;
  p.range(0, o0, &a0, &b0);
  p.range(1, o1, &a1, &b1);
  for (int64_t i0 = a0; i0 < b0; ++i0)
    for (int64_t i1 = a1; i1 < b1; ++i1)
      for (int64_t c = 0; c < p.window[2]; ++c) {
        p.columns(c, &first, &last);
        if (last <= first) continue;
        const int64_t place =
            p.place(i0 + p.before[0] - o0 * p.stride[0], i1 + p.before[1] - o1 * p.stride[1], c);
        const int64_t column = first * p.stride[2] + c - p.before[2];
        over(p.row(p.in, n, i0, i1, column), first * p.channels, place, last - first);
      }
}

// The same for an input row: the pieces of output rows whose windows hold it.
template <typename F>
inline void holding(const Pool& p, int64_t n, int64_t i0, int64_t i1, const F& over) {
  int64_t a0, b0, a1, b1, first, last;
  p.holders(0, i0, &a0, &b0);
  p.holders(1, i1, &a1, &b1);
  for (int64_t o0 = a0; o0 < b0; ++o0)
    for (int64_t o1 = a1; o1 < b1; ++o1)
      for (int64_t c = 0; c < p.window[2]; ++c) {
        p.columns(c, &first, &last);
        if (last <= first) continue;
        const int64_t place =
            p.place(i0 + p.before[0] - o0 * p.stride[0], i1 + p.before[1] - o1 * p.stride[1], c);
        const int64_t column = first * p.stride[2] + c - p.before[2];
        over(column * p.channels, p.row(p.out, n, o0, o1, first), place, last - first, o0, o1, first);
      }
}

// --- pieces of rows --------------------------------------------------------------------------------
// `x` advances by `step` from column to column, the others by the channels.

#define KERATA_BODY "pooling_body.h"
#include "each_set.h"

KERATA_CLONES void take(const float* x, int64_t step, float* y, const uint8_t* where,
                        int64_t columns, int64_t channels, int32_t place) {
  for (int64_t w = 0; w < columns; ++w, x += step, y += channels, where += channels) {
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) y[c] = where[c] == place ? x[c] : y[c];
  }
}

KERATA_CLONES void put(float* x, int64_t step, const float* y, const uint8_t* where,
                       int64_t columns, int64_t channels, int32_t place) {
  for (int64_t w = 0; w < columns; ++w, x += step, y += channels, where += channels) {
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) x[c] += where[c] == place ? y[c] : 0.0f;
  }
}

KERATA_CLONES void add(const float* x, int64_t step, float* y, int64_t columns, int64_t channels) {
  for (int64_t w = 0; w < columns; ++w, x += step, y += channels) {
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) y[c] += x[c];
  }
}

KERATA_CLONES void share_out(float* x, int64_t step, const float* y, const float* shares,
                             int64_t columns, int64_t channels) {
  for (int64_t w = 0; w < columns; ++w, x += step, y += channels) {
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) x[c] += shares[w] * y[c];
  }
}

// --- kernels ---------------------------------------------------------------------------------------

ffi::Error Max(Floats x, FloatsOut y, BytesOut where, Numbers window, Numbers strides,
               Numbers before) {
  return guarded([&] {
    const Pool p(x.dimensions(), y->dimensions(), window, strides, before);
    const float* from = x.typed_data();
    float* to = y->typed_data();
    uint8_t* places = where->typed_data();
    // The columns of the output whose windows lie within the input.
    const int64_t whole = std::min((p.before[2] + p.stride[2] - 1) / p.stride[2], p.out[2]);
    const int64_t reach = p.in[2] + p.before[2] - p.window[2];
    const int64_t end =
        std::max(whole, reach < 0 ? 0 : std::min(reach / p.stride[2] + 1, p.out[2]));
    const auto greatest = best(avx512::greatest, avx2::greatest, plain::greatest);
    for_rows(p, p.out, [&](int64_t n, int64_t o0, int64_t o1) {
      const int64_t row = p.row(p.out, n, o0, o1, 0);
      thread_local std::vector<const float*> lines, shifted;
      thread_local std::vector<int64_t> numbers, shifted_numbers;
      int64_t a0, b0, a1, b1;
      p.range(0, o0, &a0, &b0);
      p.range(1, o1, &a1, &b1);
      lines.clear();
      numbers.clear();
      for (int64_t i0 = a0; i0 < b0; ++i0)
        for (int64_t i1 = a1; i1 < b1; ++i1) {
          lines.push_back(from + p.row(p.in, n, i0, i1, 0));
          numbers.push_back(p.place(i0 + p.before[0] - o0 * p.stride[0],
                                    i1 + p.before[1] - o1 * p.stride[1], 0));
        }
      // Columns from `first` on, of whose windows the places from `a` to `b` lie within the input.
      auto run = [&](int64_t first, int64_t columns, int64_t a, int64_t b) {
        const int64_t out = row + first * p.channels;
        if (lines.empty() || a >= b) {
          std::fill(to + out, to + out + columns * p.channels,
                    -std::numeric_limits<float>::infinity());
          std::fill(places + out, places + out + columns * p.channels, 255);
          return;
        }
        shifted = lines;
        shifted_numbers = numbers;
        for (auto& line : shifted)
          line += (first * p.stride[2] - p.before[2] + a) * p.channels;
        for (auto& number : shifted_numbers) number += a;
        greatest(shifted.data(), shifted_numbers.data(), shifted.size(), b - a, p.step(), to + out,
                 places + out, columns, p.channels);
      };
      auto edge = [&](int64_t o) {
        int64_t first, last;
        p.range(2, o, &first, &last);
        const int64_t start = o * p.stride[2] - p.before[2];
        run(o, 1, first - start, last - start);
      };
      for (int64_t o = 0; o < whole; ++o) edge(o);
      if (end > whole) run(whole, end - whole, 0, p.window[2]);
      for (int64_t o = end; o < p.out[2]; ++o) edge(o);
    });
  });
}

// The elements of `x` at the places of the maxima.
ffi::Error Take(Floats x, Bytes where, FloatsOut y, Numbers window, Numbers strides,
                Numbers before) {
  return guarded([&] {
    const Pool p(x.dimensions(), y->dimensions(), window, strides, before);
    const float* from = x.typed_data();
    const uint8_t* places = where.typed_data();
    for_rows(p, p.out, [&](int64_t n, int64_t o0, int64_t o1) {
      const int64_t row = p.row(p.out, n, o0, o1, 0);
      float* to = y->typed_data() + row;
      std::fill(to, to + p.out[2] * p.channels, 0.0f);
      in_windows(p, n, o0, o1, [&](int64_t i, int64_t o, int64_t place, int64_t columns) {
        take(from + i, p.step(), to + o, places + row + o, columns, p.channels, place);
      });
    });
  });
}

// The transpose of `Take`: the elements of `y` put to the places of the maxima.
ffi::Error Put(Floats y, Bytes where, FloatsOut x, Numbers window, Numbers strides,
               Numbers before) {
  return guarded([&] {
    const Pool p(x->dimensions(), y.dimensions(), window, strides, before);
    const float* from = y.typed_data();
    const uint8_t* places = where.typed_data();
    for_rows(p, p.in, [&](int64_t n, int64_t i0, int64_t i1) {
      float* to = x->typed_data() + p.row(p.in, n, i0, i1, 0);
      std::fill(to, to + p.in[2] * p.channels, 0.0f);
      holding(p, n, i0, i1, [&](int64_t i, int64_t o, int64_t place, int64_t columns, int64_t,
                                int64_t, int64_t) {
        put(to + i, p.step(), from + o, places + o, columns, p.channels, place);
      });
    });
  });
}

ffi::Error Mean(Floats x, FloatsOut y, Numbers window, Numbers strides, Numbers before) {
  return guarded([&] {
    const Pool p(x.dimensions(), y->dimensions(), window, strides, before);
    const float* from = x.typed_data();
    for_rows(p, p.out, [&](int64_t n, int64_t o0, int64_t o1) {
      float* to = y->typed_data() + p.row(p.out, n, o0, o1, 0);
      std::fill(to, to + p.out[2] * p.channels, 0.0f);
      in_windows(p, n, o0, o1, [&](int64_t i, int64_t o, int64_t, int64_t columns) {
        add(from + i, p.step(), to + o, columns, p.channels);
      });
      const int64_t rows = p.held(0, o0) * p.held(1, o1);
      for (int64_t w = 0; w < p.out[2]; ++w, to += p.channels) {
        const float count = static_cast<float>(rows * p.held(2, w));
        for (int64_t c = 0; c < p.channels; ++c) to[c] /= count;
      }
    });
  });
}

// The transpose of `Mean`.
ffi::Error Spread(Floats y, FloatsOut x, Numbers window, Numbers strides, Numbers before) {
  return guarded([&] {
    const Pool p(x->dimensions(), y.dimensions(), window, strides, before);
    const float* from = y.typed_data();
    for_rows(p, p.in, [&](int64_t n, int64_t i0, int64_t i1) {
      thread_local std::vector<float> shares;
      shares.resize(p.out[2]);
      float* to = x->typed_data() + p.row(p.in, n, i0, i1, 0);
      std::fill(to, to + p.in[2] * p.channels, 0.0f);
      holding(p, n, i0, i1, [&](int64_t i, int64_t o, int64_t, int64_t columns, int64_t o0,
                                int64_t o1, int64_t first) {
        const int64_t rows = p.held(0, o0) * p.held(1, o1);
        for (int64_t w = 0; w < columns; ++w) {
          shares[w] = 1.0f / static_cast<float>(rows * p.held(2, first + w));
        }
        share_out(to + i, p.step(), from + o, shares.data(), columns, p.channels);
      });
    });
  });
}

}  // namespace
}  // namespace kerata

#define KERATA_WINDOW \
  .Attr<kerata::Numbers>("window").Attr<kerata::Numbers>("strides").Attr<kerata::Numbers>("before")

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_pool_max, kerata::Max,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Bytes>() KERATA_WINDOW);

#define KERATA_PLACES(symbol, function)                                         \
  XLA_FFI_DEFINE_HANDLER_SYMBOL(symbol, kerata::function,                       \
                                xla::ffi::Ffi::Bind()                           \
                                    .Arg<kerata::Floats>()                      \
                                    .Arg<kerata::Bytes>()                       \
                                    .Ret<kerata::Floats>() KERATA_WINDOW)

KERATA_PLACES(kerata_pool_take, Take);
KERATA_PLACES(kerata_pool_put, Put);

#define KERATA_MEANS(symbol, function)                                          \
  XLA_FFI_DEFINE_HANDLER_SYMBOL(symbol, kerata::function,                       \
                                xla::ffi::Ffi::Bind().Arg<kerata::Floats>().Ret<kerata::Floats>() \
                                    KERATA_WINDOW)

KERATA_MEANS(kerata_pool_mean, Mean);
KERATA_MEANS(kerata_pool_spread, Spread);
