// LSTM and GRU over a whole sequence, forward and backward.
//
// The threads share the rows of the batch, not the steps: each goes through all steps with its rows
// and waits for no other. What the gates take from the input is computed before, in one product.

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "common.h"

namespace kerata {
namespace {

struct Shape {
  int64_t steps, batch, units, gates, panels;  // a panel is 16 units
  bool reverse, adds;                          // whether the carried derivative is added to
};

struct ForwardData {
  const float *z, *h, *c, *panels;
  float *y, *c_last, *gates, *cells;  // the last two only where a derivative is wanted
};

struct BackwardData {
  const float *dy, *c, *gates, *cells, *panels;
  float *dz, *dh, *dc;
};

struct GruForward {
  const float *z, *h, *bias, *panels;
  float *y, *kept;  // the latter only where a derivative is wanted: update, reset, candidate, inner
};

struct GruBackward {
  const float *dy, *h, *y, *kept, *panels;
  float *dz, *dinner, *dh;
};

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("arch=skylake-avx512,prefer-vector-width=512")
namespace avx512 {
#include "recurrent_body.h"
}
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=haswell")
namespace avx2 {
#include "recurrent_body.h"
}
#pragma GCC pop_options
#endif
namespace plain {
#include "recurrent_body.h"
}

template <typename D>
using Loop = void (*)(const Shape&, const D&, int64_t, int64_t);

template <typename D>
Loop<D> best(Loop<D> large, Loop<D> middle, Loop<D> small) {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    return large;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? middle : small;
}

// Runs a loop for all rows of the batch, shared among threads in whole blocks.
template <typename D>
void for_rows(const Shape& s, const D& data, Loop<D> loop) {
  const int64_t wanted = std::max<int64_t>(1, std::min<int64_t>(omp_get_max_threads(), s.batch / 2));
  const int64_t share = (s.batch + wanted - 1) / wanted;
#pragma omp parallel for schedule(static, 1) num_threads(wanted)
  for (int64_t i = 0; i < wanted; ++i) {
    const int64_t first = i * share, last = std::min(first + share, s.batch);
    if (first < last) loop(s, data, first, last);
  }
}

Shape shape(ffi::Span<const int64_t> z, int64_t gates, bool reverse) {
  const int64_t units = z[2] / gates;
  return {z[0], z[1], units, gates, (units + 15) / 16, reverse, gates == 3};
}

// (units, gates * units) as panels: for 16 units, for each line, the gates side by side.
const float* gate_panels(const Shape& s, const float* kernel, Scratch& scratch) {
  const int64_t u = s.units;
  const size_t size = static_cast<size_t>(s.panels * u * s.gates * 16) * sizeof(float);
  float* out = static_cast<float*>(scratch.get(size));
  std::memset(out, 0, size);
  for (int64_t p = 0; p < s.panels; ++p)
    for (int64_t k = 0; k < u; ++k)
      for (int64_t g = 0; g < s.gates; ++g)
        std::memcpy(out + ((p * u + k) * s.gates + g) * 16, kernel + (k * s.gates + g) * u + p * 16,
                    std::min<int64_t>(16, u - p * 16) * sizeof(float));
  return out;
}

// Its transpose, (gates * units, units), in panels of up to 64 columns.
const float* carry_panels(const Shape& s, const float* kernel, Scratch& scratch) {
  const int64_t u = s.units;
  const size_t size = static_cast<size_t>(s.panels * 16 * s.gates * u) * sizeof(float);
  float* out = static_cast<float*>(scratch.get(size));
  std::memset(out, 0, size);
  for (int64_t p = 0; p < s.panels; p += 4) {
    const int64_t width = std::min<int64_t>(4, s.panels - p) * 16;
    float* panel = out + p * 16 * s.gates * u;
    for (int64_t j = 0; j < s.gates * u; ++j)
      for (int64_t k = 0; k < width && p * 16 + k < u; ++k)
        panel[j * width + k] = kernel[(p * 16 + k) * s.gates * u + j];
  }
  return out;
}

ffi::Error Forward(Floats z, Floats h, Floats c, Floats kernel, FloatsOut y, FloatsOut c_last,
                   FloatsOut gates, FloatsOut cells, bool reverse) {
  return guarded([&] {
    const Shape s = shape(z.dimensions(), 4, reverse);
    thread_local Scratch scratch;
    const bool keep = gates->element_count() > 0;
    ForwardData d{z.typed_data(), h.typed_data(), c.typed_data(),
                  gate_panels(s, kernel.typed_data(), scratch), y->typed_data(),
                  c_last->typed_data(), keep ? gates->typed_data() : nullptr,
                  keep ? cells->typed_data() : nullptr};
    for_rows(s, d, best<ForwardData>(avx512::lstm::forward, avx2::lstm::forward, plain::lstm::forward));
  });
}

// y_before^T dz over all steps: the derivative of the recurrent kernel.
void kernel_gradient(const Shape& s, const float* h, const float* y, const float* dz, float* out) {
  const int64_t u = s.units, line = s.batch * u, width = s.gates * u;
  const int64_t start = s.reverse ? s.steps - 1 : 0;
  auto product = [&](const float* a, const float* b, int64_t rows, float beta) {
    if (rows > 0 &&
        dnnl_sgemm('T', 'N', u, width, rows, 1.0f, a, u, b, width, beta, out, width) != dnnl_success) {
      throw std::runtime_error("the product of the recurrent kernel's derivative failed");
    }
  };
  product(h, dz + start * s.batch * width, s.batch, 0.0f);
  product(s.reverse ? y + line : y, s.reverse ? dz : dz + s.batch * width, (s.steps - 1) * s.batch, 1.0f);
}

ffi::Error Backward(Floats dy, Floats dc_last, Floats h, Floats c, Floats kernel, Floats y,
                    Floats gates, Floats cells, FloatsOut dz, FloatsOut dh, FloatsOut dc,
                    FloatsOut dkernel, bool reverse) {
  return guarded([&] {
    const Shape s = shape(dz->dimensions(), 4, reverse);
    thread_local Scratch scratch;
    const size_t state = static_cast<size_t>(s.batch * s.units) * sizeof(float);
    std::memset(dh->typed_data(), 0, state);
    std::memcpy(dc->typed_data(), dc_last.typed_data(), state);
    BackwardData d{dy.typed_data(), c.typed_data(), gates.typed_data(), cells.typed_data(),
                   carry_panels(s, kernel.typed_data(), scratch), dz->typed_data(),
                   dh->typed_data(), dc->typed_data()};
    for_rows(s, d, best<BackwardData>(avx512::lstm::backward, avx2::lstm::backward, plain::lstm::backward));
    kernel_gradient(s, h.typed_data(), y.typed_data(), dz->typed_data(), dkernel->typed_data());
  });
}

ffi::Error GruForwardAll(Floats z, Floats h, Floats kernel, Floats bias, FloatsOut y,
                         FloatsOut kept, bool reverse) {
  return guarded([&] {
    const Shape s = shape(z.dimensions(), 3, reverse);
    thread_local Scratch scratch;
    GruForward d{z.typed_data(), h.typed_data(), bias.typed_data(),
                 gate_panels(s, kernel.typed_data(), scratch), y->typed_data(),
                 kept->element_count() > 0 ? kept->typed_data() : nullptr};
    for_rows(s, d, best<GruForward>(avx512::gru::forward, avx2::gru::forward, plain::gru::forward));
  });
}

ffi::Error GruBackwardAll(Floats dy, Floats h, Floats kernel, Floats y, Floats kept, FloatsOut dz,
                          FloatsOut dh, FloatsOut dkernel, FloatsOut dinner, bool reverse) {
  return guarded([&] {
    const Shape s = shape(dz->dimensions(), 3, reverse);
    thread_local Scratch scratch;
    std::memset(dh->typed_data(), 0, static_cast<size_t>(s.batch * s.units) * sizeof(float));
    GruBackward d{dy.typed_data(), h.typed_data(), y.typed_data(), kept.typed_data(),
                  carry_panels(s, kernel.typed_data(), scratch), dz->typed_data(),
                  dinner->typed_data(), dh->typed_data()};
    for_rows(s, d, best<GruBackward>(avx512::gru::backward, avx2::gru::backward, plain::gru::backward));
    kernel_gradient(s, h.typed_data(), y.typed_data(), dinner->typed_data(), dkernel->typed_data());
  });
}

}  // namespace
}  // namespace kerata

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_lstm, kerata::Forward,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Attr<bool>("reverse"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_lstm_back, kerata::Backward,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Attr<bool>("reverse"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_gru, kerata::GruForwardAll,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Attr<bool>("reverse"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_gru_back, kerata::GruBackwardAll,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Ret<kerata::Floats>()
                                  .Attr<bool>("reverse"));
