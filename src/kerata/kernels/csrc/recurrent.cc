// LSTM, GRU and simple RNN over a whole sequence, forward and backward.
//
// The threads share the rows of the batch, not the steps: each goes through all steps with its rows
// and waits for no other. Products are computed where their results are used, in registers.

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "common.h"
#include "sets.h"

namespace kerata {
namespace {

struct Shape {
  int64_t steps, batch, features, units, gates, panels;  // a panel is 16 units
  int64_t threads, share;                                // each thread has so many rows
  bool reverse;
};

struct ForwardData {
  const float *x, *h, *c, *bias, *mask, *input_panels, *panels;
  float *y, *c_last, *gates, *cells;  // the last two only where a derivative is wanted
};

struct BackwardData {
  const float *dy, *c, *mask, *gates, *cells, *input_panels, *panels;
  float *dx, *dz, *dh, *dc, *dbias;  // of the last a piece for each thread
};

struct GruForward {
  const float *x, *h, *bias, *inner_bias, *mask, *input_panels, *panels;
  float *y, *kept;  // the latter only where a derivative is wanted: update, reset, candidate, inner
};

struct GruBackward {
  const float *dy, *h, *mask, *y, *kept, *input_panels, *panels;
  float *dx, *dz, *dinner, *dh, *dbias;
};

struct SimpleForward {
  const float *x, *h, *bias, *mask, *input_panels, *panels;
  float* y;
};

struct SimpleBackward {
  const float *dy, *mask, *y, *input_panels, *panels;
  float *dx, *dz, *dh, *dbias;
};

#define KERATA_BODY "recurrent_body.h"
#include "each_set.h"

template <typename D>
using Loop = void (*)(const Shape&, const D&, int64_t, int64_t);

// Runs a loop for all rows of the batch, shared among threads.
template <typename D>
void for_rows(const Shape& s, const D& data, Loop<D> loop) {
#pragma omp parallel for schedule(static, 1) num_threads(s.threads)
  for (int64_t i = 0; i < s.threads; ++i) {
    const int64_t first = i * s.share, last = std::min(first + s.share, s.batch);
    if (first < last) loop(s, data, first, last);
  }
}

Shape shape(ffi::Span<const int64_t> x, int64_t units, int64_t gates, bool reverse) {
  const int64_t most = std::max<int64_t>(1, std::min<int64_t>(omp_get_max_threads(), x[1] / 2));
  const int64_t share = (x[1] + most - 1) / most;
  return {x[0],  x[1], x[2],    units, gates, (units + 15) / 16,
          (x[1] + share - 1) / share, share, reverse};
}

// (depth, gates * units) as panels: for 16 units, for each line, the gates side by side.
const float* gate_panels(const Shape& s, const float* kernel, int64_t depth, Scratch& scratch) {
  const int64_t u = s.units;
  const size_t size = static_cast<size_t>(s.panels * depth * s.gates * 16) * sizeof(float);
  float* out = static_cast<float*>(scratch.get(size));
  std::memset(out, 0, size);
  for (int64_t p = 0; p < s.panels; ++p)
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t g = 0; g < s.gates; ++g)
        std::memcpy(out + ((p * depth + k) * s.gates + g) * 16,
                    kernel + (k * s.gates + g) * u + p * 16,
                    std::min<int64_t>(16, u - p * 16) * sizeof(float));
  return out;
}

// (depth, units) as panels of up to 64 columns.
const float* wide_panels(const Shape& s, const float* kernel, int64_t depth, Scratch& scratch) {
  const int64_t padded = s.panels * 16;
  const size_t size = static_cast<size_t>(padded * depth) * sizeof(float);
  float* out = static_cast<float*>(scratch.get(size));
  std::memset(out, 0, size);
  for (int64_t at = 0; at < s.units; at += 64) {
    const int64_t width = std::min<int64_t>(64, padded - at);
    for (int64_t k = 0; k < depth; ++k)
      std::memcpy(out + at * depth + k * width, kernel + k * s.units + at,
                  std::min(width, s.units - at) * sizeof(float));
  }
  return out;
}

const float* mask_of(const Floats& mask) {
  return mask.element_count() ? mask.typed_data() : nullptr;
}

// Its transpose, (gates * units, depth), in panels of up to 64 columns.
const float* back_panels(const Shape& s, const float* kernel, int64_t depth, Scratch& scratch) {
  const int64_t rows = s.gates * s.units, padded = (depth + 15) / 16 * 16;
  const size_t size = static_cast<size_t>(padded * rows) * sizeof(float);
  float* out = static_cast<float*>(scratch.get(size));
  std::memset(out, 0, size);
  for (int64_t at = 0; at < depth; at += 64) {
    const int64_t width = std::min<int64_t>(64, padded - at);
    float* panel = out + at * rows;
    for (int64_t j = 0; j < rows; ++j)
      for (int64_t k = 0; k < width && at + k < depth; ++k)
        panel[j * width + k] = kernel[(at + k) * rows + j];
  }
  return out;
}

// out = left^T right, or that added: (rows, m) and (rows, n) give (m, n).
void product(const float* left, int64_t m, const float* right, int64_t n, int64_t rows, float* out,
             bool adds) {
  if (rows > 0 && dnnl_sgemm('T', 'N', m, n, rows, 1.0f, left, m, right, n, adds ? 1.0f : 0.0f,
                             out, n) != dnnl_success) {
    throw std::runtime_error("a product for a kernel's derivative failed");
  }
}

// y_before^T dz over all steps: the derivative of the recurrent kernel.
void recurrent_gradient(const Shape& s, const float* h, const float* y, const float* dz, float* out) {
  const int64_t line = s.batch * s.units, width = s.gates * s.units, rest = s.steps - 1;
  product(h, s.units, dz + (s.reverse ? rest : 0) * s.batch * width, width, s.batch, out, false);
  product(s.reverse ? y + line : y, s.units, s.reverse ? dz : dz + s.batch * width, width,
          rest * s.batch, out, true);
}

// Sums of a bias's derivative over the threads.
class BiasSums {
 public:
  BiasSums(const Shape& s, int64_t width) : width_(width), sums_(s.threads * width) {}
  float* data() { return sums_.data(); }
  void write(float* out, int64_t first, int64_t count) const {
    std::fill(out, out + count, 0.0f);
    for (size_t t = 0; t < sums_.size(); t += width_)
      for (int64_t k = 0; k < count; ++k) out[k] += sums_[t + first + k];
  }

 private:
  int64_t width_;
  std::vector<float> sums_;
};

thread_local Scratch input_scratch, recurrent_scratch;

ffi::Error LstmForward(Floats x, Floats h, Floats c, Floats kernel, Floats recurrent, Floats bias,
                       Floats mask, FloatsOut y, FloatsOut c_last, FloatsOut gates, FloatsOut cells,
                       bool reverse) {
  return guarded([&] {
    const Shape s = shape(x.dimensions(), h.dimensions()[1], 4, reverse);
    const bool keep = gates->element_count() > 0;
    const ForwardData d{x.typed_data(),
                        h.typed_data(),
                        c.typed_data(),
                        bias.typed_data(),
                        mask_of(mask),
                        gate_panels(s, kernel.typed_data(), s.features, input_scratch),
                        gate_panels(s, recurrent.typed_data(), s.units, recurrent_scratch),
                        y->typed_data(),
                        c_last->typed_data(),
                        keep ? gates->typed_data() : nullptr,
                        keep ? cells->typed_data() : nullptr};
    for_rows(s, d, best<Loop<ForwardData>>(avx512::lstm::forward, avx2::lstm::forward,
                                     plain::lstm::forward));
  });
}

ffi::Error LstmBackward(Floats dy, Floats dc_last, Floats x, Floats h, Floats c, Floats kernel,
                        Floats recurrent, Floats mask, Floats y, Floats gates, Floats cells, FloatsOut dx,
                        FloatsOut dh, FloatsOut dc, FloatsOut dkernel, FloatsOut drecurrent,
                        FloatsOut dbias, FloatsOut dz, bool reverse) {
  return guarded([&] {
    const Shape s = shape(x.dimensions(), h.dimensions()[1], 4, reverse);
    const size_t state = static_cast<size_t>(s.batch * s.units) * sizeof(float);
    std::memset(dh->typed_data(), 0, state);
    std::memcpy(dc->typed_data(), dc_last.typed_data(), state);
    BiasSums sums(s, 4 * s.units);
    const BackwardData d{dy.typed_data(),
                         c.typed_data(),
                         mask_of(mask),
                         gates.typed_data(),
                         cells.typed_data(),
                         back_panels(s, kernel.typed_data(), s.features, input_scratch),
                         back_panels(s, recurrent.typed_data(), s.units, recurrent_scratch),
                         dx->typed_data(),
                         dz->typed_data(),
                         dh->typed_data(),
                         dc->typed_data(),
                         sums.data()};
    for_rows(s, d, best<Loop<BackwardData>>(avx512::lstm::backward, avx2::lstm::backward,
                                      plain::lstm::backward));
    sums.write(dbias->typed_data(), 0, 4 * s.units);
    product(x.typed_data(), s.features, dz->typed_data(), 4 * s.units, s.steps * s.batch,
            dkernel->typed_data(), false);
    recurrent_gradient(s, h.typed_data(), y.typed_data(), dz->typed_data(),
                       drecurrent->typed_data());
  });
}

ffi::Error GruForwardAll(Floats x, Floats h, Floats kernel, Floats recurrent, Floats bias,
                         Floats inner_bias, Floats mask, FloatsOut y, FloatsOut kept,
                         bool reverse) {
  return guarded([&] {
    const Shape s = shape(x.dimensions(), h.dimensions()[1], 3, reverse);
    const GruForward d{x.typed_data(),
                       h.typed_data(),
                       bias.typed_data(),
                       inner_bias.typed_data(),
                       mask_of(mask),
                       gate_panels(s, kernel.typed_data(), s.features, input_scratch),
                       gate_panels(s, recurrent.typed_data(), s.units, recurrent_scratch),
                       y->typed_data(),
                       kept->element_count() > 0 ? kept->typed_data() : nullptr};
    for_rows(s, d,
             best<Loop<GruForward>>(avx512::gru::forward, avx2::gru::forward, plain::gru::forward));
  });
}

ffi::Error GruBackwardAll(Floats dy, Floats x, Floats h, Floats kernel, Floats recurrent, Floats mask,
                          Floats y, Floats kept, FloatsOut dx, FloatsOut dh, FloatsOut dkernel,
                          FloatsOut drecurrent, FloatsOut dbias, FloatsOut dinner_bias,
                          FloatsOut dz, FloatsOut dinner, bool reverse) {
  return guarded([&] {
    const Shape s = shape(x.dimensions(), h.dimensions()[1], 3, reverse);
    std::memset(dh->typed_data(), 0, static_cast<size_t>(s.batch * s.units) * sizeof(float));
    BiasSums sums(s, 6 * s.units);
    const GruBackward d{dy.typed_data(),
                        h.typed_data(),
                        mask_of(mask),
                        y.typed_data(),
                        kept.typed_data(),
                        back_panels(s, kernel.typed_data(), s.features, input_scratch),
                        back_panels(s, recurrent.typed_data(), s.units, recurrent_scratch),
                        dx->typed_data(),
                        dz->typed_data(),
                        dinner->typed_data(),
                        dh->typed_data(),
                        sums.data()};
    for_rows(s, d,
             best<Loop<GruBackward>>(avx512::gru::backward, avx2::gru::backward, plain::gru::backward));
    sums.write(dbias->typed_data(), 0, 3 * s.units);
    sums.write(dinner_bias->typed_data(), 3 * s.units, 3 * s.units);
    product(x.typed_data(), s.features, dz->typed_data(), 3 * s.units, s.steps * s.batch,
            dkernel->typed_data(), false);
    recurrent_gradient(s, h.typed_data(), y.typed_data(), dinner->typed_data(),
                       drecurrent->typed_data());
  });
}

ffi::Error SimpleForwardAll(Floats x, Floats h, Floats kernel, Floats recurrent, Floats bias,
                            Floats mask, FloatsOut y, bool reverse) {
  return guarded([&] {
    const Shape s = shape(x.dimensions(), h.dimensions()[1], 1, reverse);
    const SimpleForward d{x.typed_data(),
                          h.typed_data(),
                          bias.typed_data(),
                          mask_of(mask),
                          wide_panels(s, kernel.typed_data(), s.features, input_scratch),
                          wide_panels(s, recurrent.typed_data(), s.units, recurrent_scratch),
                          y->typed_data()};
    for_rows(s, d, best<Loop<SimpleForward>>(avx512::simple::forward, avx2::simple::forward,
                                             plain::simple::forward));
  });
}

ffi::Error SimpleBackwardAll(Floats dy, Floats x, Floats h, Floats kernel, Floats recurrent,
                             Floats mask, Floats y, FloatsOut dx, FloatsOut dh, FloatsOut dkernel,
                             FloatsOut drecurrent, FloatsOut dbias, FloatsOut dz, bool reverse) {
  return guarded([&] {
    const Shape s = shape(x.dimensions(), h.dimensions()[1], 1, reverse);
    std::memset(dh->typed_data(), 0, static_cast<size_t>(s.batch * s.units) * sizeof(float));
    BiasSums sums(s, s.units);
    const SimpleBackward d{dy.typed_data(),
                           mask_of(mask),
                           y.typed_data(),
                           back_panels(s, kernel.typed_data(), s.features, input_scratch),
                           back_panels(s, recurrent.typed_data(), s.units, recurrent_scratch),
                           dx->typed_data(),
                           dz->typed_data(),
                           dh->typed_data(),
                           sums.data()};
    for_rows(s, d, best<Loop<SimpleBackward>>(avx512::simple::backward, avx2::simple::backward,
                                              plain::simple::backward));
    sums.write(dbias->typed_data(), 0, s.units);
    product(x.typed_data(), s.features, dz->typed_data(), s.units, s.steps * s.batch,
            dkernel->typed_data(), false);
    recurrent_gradient(s, h.typed_data(), y.typed_data(), dz->typed_data(),
                       drecurrent->typed_data());
  });
}

}  // namespace
}  // namespace kerata

#define KERATA_IN .Arg<kerata::Floats>()
#define KERATA_OUT .Ret<kerata::Floats>()
#define KERATA_2(x) x x
#define KERATA_4(x) x x x x
#define KERATA_6(x) x x x x x x
#define KERATA_NET(symbol, function, tensors) \
  XLA_FFI_DEFINE_HANDLER_SYMBOL(symbol, kerata::function, \
                                xla::ffi::Ffi::Bind() tensors.Attr<bool>("reverse"))

KERATA_NET(kerata_lstm, LstmForward, KERATA_6(KERATA_IN) KERATA_IN KERATA_4(KERATA_OUT));
KERATA_NET(kerata_lstm_back, LstmBackward,
           KERATA_6(KERATA_IN) KERATA_4(KERATA_IN) KERATA_IN KERATA_6(KERATA_OUT) KERATA_OUT);
KERATA_NET(kerata_gru, GruForwardAll, KERATA_6(KERATA_IN) KERATA_IN KERATA_2(KERATA_OUT));
KERATA_NET(kerata_gru_back, GruBackwardAll,
           KERATA_6(KERATA_IN) KERATA_2(KERATA_IN) KERATA_6(KERATA_OUT) KERATA_2(KERATA_OUT));
KERATA_NET(kerata_rnn, SimpleForwardAll, KERATA_6(KERATA_IN) KERATA_OUT);
KERATA_NET(kerata_rnn_back, SimpleBackwardAll, KERATA_6(KERATA_IN) KERATA_IN KERATA_6(KERATA_OUT));
