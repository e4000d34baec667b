// Convolutions with few output channels (the last layer of a generator or an autoencoder), which
// leave most of a vector of channels empty.
//
// A matrix product gives, for every place of the input, its share in each place of the window;
// the output is the sum of these planes, shifted. An image at a time.
#pragma once

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <stdexcept>

#include "common.h"

namespace kerata {

// Convolutions of stride 1 in one group; absent axes have size 1.
struct Narrow {
  int64_t images, in_channels, out_channels;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, window[3] = {1, 1, 1};
  int64_t before[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};

  Narrow(const Sizes& x, const Sizes& w, const Sizes& y, Numbers b, Numbers d)
      : images(x.front()), in_channels(x.back()), out_channels(y.back()) {
    const size_t rank = x.size() - 2;
    for (size_t i = 0, axis = 3 - rank; i < rank; ++i, ++axis) {
      in[axis] = x[i + 1];
      out[axis] = y[i + 1];
      window[axis] = w[i];
      before[axis] = b[i];
      dilation[axis] = d[i];
    }
  }

  int64_t area() const { return in[0] * in[1] * in[2]; }
  int64_t result() const { return out[0] * out[1] * out[2]; }
  int64_t taps() const { return window[0] * window[1] * window[2]; }
  int64_t planes() const { return taps() * out_channels; }

  // Where the output's lines are that take from the input through a place of the window: for each,
  // the first elements in both and how many.
  template <typename F>
  void lines(int64_t tap, const F& run) const {
    const int64_t at[3] = {tap / (window[1] * window[2]), tap / window[2] % window[1],
                           tap % window[2]};
    int64_t shift[3], first[3], last[3];
    for (int i = 0; i < 3; ++i) {
      shift[i] = at[i] * dilation[i] - before[i];  // input = output + shift
      first[i] = std::max<int64_t>(0, -shift[i]);
      last[i] = std::min(out[i], in[i] - shift[i]);
    }
    if (first[2] >= last[2]) return;
    for (int64_t d = first[0]; d < last[0]; ++d)
      for (int64_t h = first[1]; h < last[1]; ++h)
        run(((d + shift[0]) * in[1] + h + shift[1]) * in[2] + first[2] + shift[2],
            (d * out[1] + h) * out[2] + first[2], last[2] - first[2]);
  }
};

inline void multiplied(char a_turned, char b_turned, int64_t m, int64_t n, int64_t k, const float* a,
                       int64_t lda, const float* b, int64_t ldb, float beta, float* c) {
  if (dnnl_sgemm(a_turned, b_turned, m, n, k, 1.0f, a, lda, b, ldb, beta, c, n) != dnnl_success) {
    throw std::runtime_error("a product inside of a convolution failed");
  }
}

// The kernel as (places, out, in), from or to (places, in, out).
inline void turn_kernel(const Narrow& c, const float* from, float* to, bool back) {
  const int64_t in = c.in_channels, out = c.out_channels;
  for (int64_t t = 0; t < c.taps(); ++t)
    for (int64_t i = 0; i < in; ++i)
      for (int64_t o = 0; o < out; ++o) {
        const int64_t given = (t * in + i) * out + o, turned = (t * out + o) * in + i;
        if (back) to[given] = from[turned];
        else to[turned] = from[given];
      }
}

inline int64_t narrow_threads(const Narrow& c) {
  return std::max<int64_t>(1, std::min<int64_t>(omp_get_max_threads(), c.images));
}

inline void narrow_forward(const Narrow& c, const float* x, const float* w, float* y) {
  const int64_t planes = c.planes(), area = c.area(), out = c.out_channels, in = c.in_channels;
  std::vector<float> kernel(planes * in);
  turn_kernel(c, w, kernel.data(), false);
  const int64_t threads = narrow_threads(c);
  std::atomic<bool> failed{false};
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
  for (int64_t n = 0; n < c.images; ++n) {
    try {
      thread_local Scratch scratch;
      float* z = static_cast<float*>(scratch.get(planes * area * sizeof(float)));
      multiplied('N', 'T', planes, area, in, kernel.data(), in, x + n * area * in, in, 0.0f, z);
      float* to = y + n * c.result() * out;
      std::memset(to, 0, c.result() * out * sizeof(float));
      for (int64_t t = 0; t < c.taps(); ++t)
        for (int64_t o = 0; o < out; ++o) {
          const float* plane = z + (t * out + o) * area;
          c.lines(t, [&](int64_t from, int64_t at, int64_t count) {
            for (int64_t i = 0; i < count; ++i) to[(at + i) * out + o] += plane[from + i];
          });
        }
    } catch (...) {
      failed = true;
    }
  }
  if (failed) throw std::runtime_error("a convolution failed");
}

// Each thread sums up its images; the sums are added in the threads' order.
inline void narrow_kernel_gradient(const Narrow& c, const float* x, const float* dy, float* dw) {
  const int64_t planes = c.planes(), area = c.area(), out = c.out_channels, in = c.in_channels;
  const int64_t threads = narrow_threads(c), share = (c.images + threads - 1) / threads;
  std::vector<float> sums(threads * planes * in, 0.0f);
  std::atomic<bool> failed{false};
#pragma omp parallel for schedule(static, 1) num_threads(threads) if (threads > 1)
  for (int64_t thread = 0; thread < threads; ++thread) {
    try {
      thread_local Scratch scratch;
      float* spread = static_cast<float*>(scratch.get(planes * area * sizeof(float)));
      for (int64_t n = thread * share; n < std::min((thread + 1) * share, c.images); ++n) {
        const float* from = dy + n * c.result() * out;
        std::memset(spread, 0, planes * area * sizeof(float));
        for (int64_t t = 0; t < c.taps(); ++t)
          for (int64_t o = 0; o < out; ++o) {
            float* plane = spread + (t * out + o) * area;
            c.lines(t, [&](int64_t to, int64_t at, int64_t count) {
              for (int64_t i = 0; i < count; ++i) plane[to + i] = from[(at + i) * out + o];
            });
          }
        multiplied('N', 'N', planes, in, area, spread, area, x + n * area * in, in, 1.0f,
                   sums.data() + thread * planes * in);
      }
    } catch (...) {
      failed = true;
    }
  }
  if (failed) throw std::runtime_error("a convolution's derivative failed");
  for (int64_t thread = 1; thread < threads; ++thread)
    for (int64_t i = 0; i < planes * in; ++i) sums[i] += sums[thread * planes * in + i];
  turn_kernel(c, sums.data(), dw, true);
}

}  // namespace kerata
