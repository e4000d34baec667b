// Softmax along the last axis, and its derivative.

#include <algorithm>
#include <cstring>

#include "common.h"
#include "sets.h"

namespace kerata {
namespace {

#define KERATA_BODY "softmax_body.h"
#include "each_set.h"

using Rows = void (*)(const float*, const float*, float*, int64_t, int64_t, int64_t);

void for_rows(Rows run, const float* a, const float* b, float* out, int64_t size, int64_t width) {
  const int64_t rows = size / width, piece = std::max<int64_t>(1, (1 << 13) / width);
#pragma omp parallel for schedule(static) if (size > (1 << 15))
  for (int64_t at = 0; at < rows; at += piece) {
    run(a, b, out, width, at, std::min(at + piece, rows));
  }
}

ffi::Error Softmax(Floats x, FloatsOut y) {
  return guarded([&] {
    for_rows(best<Rows>(avx512::softmax, avx2::softmax, plain::softmax), x.typed_data(), nullptr,
             y->typed_data(), x.element_count(), x.dimensions().back());
  });
}

ffi::Error Move(Floats t, Floats y, FloatsOut out) {
  return guarded([&] {
    for_rows(best<Rows>(avx512::softmax_move, avx2::softmax_move, plain::softmax_move),
             t.typed_data(), y.typed_data(), out->typed_data(), t.element_count(),
             t.dimensions().back());
  });
}

}  // namespace
}  // namespace kerata

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_softmax, kerata::Softmax,
                              xla::ffi::Ffi::Bind().Arg<kerata::Floats>().Ret<kerata::Floats>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_softmax_move, kerata::Move,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Floats>()
                                  .Ret<kerata::Floats>());
