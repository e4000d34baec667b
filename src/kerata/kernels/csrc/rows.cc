// Rows of a table by their numbers, and the derivative: rows added up at their numbers' places.

#include <algorithm>
#include <cstring>
#include <limits>

#include <omp.h>

#include "common.h"

namespace kerata {
namespace {

using Ids = ffi::Buffer<ffi::S32>;

constexpr int64_t kLine = 16;  // numbers of a cache line
constexpr int64_t kAhead = 8;  // rows that are asked for before their turn

// A number's row; numbers below 0 count from the end. Below 0 where there is no such row.
inline int64_t row_of(int32_t id, int64_t rows) {
  const int64_t row = id < 0 ? id + rows : id;
  return row < rows ? row : -1;
}

ffi::Error Take(Floats table, Ids ids, FloatsOut out, float absent) {
  return guarded([&] {
    const int64_t rows = table.dimensions()[0], width = table.dimensions()[1];
    const int64_t count = ids.element_count();
    const int32_t* id = ids.typed_data();
    const float* from = table.typed_data();
    float* to = out->typed_data();
#pragma omp parallel for schedule(static) if (count * width > (1 << 15))
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = row_of(id[i], rows);
      if (row < 0) {
        std::fill_n(to + i * width, width, absent);
      } else {
        std::memcpy(to + i * width, from + row * width, width * sizeof(float));
      }
    }
  });
}

// Rows of any dtype and shape, whose numbers are known to be those of rows.
ffi::Error Pick(Tensor table, Ids ids, TensorOut out) {
  return guarded([&] {
    const int64_t count = ids.element_count();
    const int64_t bytes = count ? out->size_bytes() / count : 0;
    const int32_t* id = ids.typed_data();
    const char* from = static_cast<const char*>(table.untyped_data());
    char* to = static_cast<char*>(out->untyped_data());
#pragma omp parallel for schedule(static) if (count * bytes > (1 << 17))
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(to + i * bytes, from + id[i] * bytes, bytes);
    }
  });
}

// Adds the columns from first to last of each row at its number's place.
KERATA_CLONES void add_columns(const float* __restrict from, const int32_t* __restrict id,
                               float* __restrict to, int64_t rows, int64_t width, int64_t count,
                               int64_t first, int64_t last) {
  for (int64_t i = 0; i < count; ++i) {
    if (i + kAhead < count) {
      const int64_t next = row_of(id[i + kAhead], rows);
      if (next >= 0) {
        for (int64_t at = first; at < last; at += kLine) {
          __builtin_prefetch(to + next * width + at, 1);
        }
      }
    }
    const int64_t row = row_of(id[i], rows);
    if (row < 0) continue;
    const float* a = from + i * width;
    float* b = to + row * width;
#pragma omp simd
    for (int64_t at = first; at < last; ++at) b[at] += a[at];
  }
}

ffi::Error Add(Floats values, Ids ids, FloatsOut out) {
  return guarded([&] {
    const int64_t rows = out->dimensions()[0], width = out->dimensions()[1];
    const int64_t count = ids.element_count();
    float* to = out->typed_data();
    // Threads share the columns: all have the same to do however often a number occurs, and each sum
    // is made in the order of the numbers.
    const int64_t lines = (width + kLine - 1) / kLine;
    const int most = static_cast<int>(std::min<int64_t>(omp_get_max_threads(), lines));
#pragma omp parallel if ((count + rows) * width > (1 << 15))
    {
#pragma omp for schedule(static)
      for (int64_t row = 0; row < rows; ++row) {
        std::memset(to + row * width, 0, width * sizeof(float));
      }
#pragma omp for schedule(static, 1)
      for (int part = 0; part < most; ++part) {
        const int64_t first = part * lines / most * kLine;
        const int64_t last = std::min((part + 1) * lines / most * kLine, width);
        add_columns(values.typed_data(), ids.typed_data(), to, rows, width, count, first, last);
      }
    }
  });
}

}  // namespace
}  // namespace kerata

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_rows, kerata::Take,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Ids>()
                                  .Ret<kerata::Floats>()
                                  .Attr<float>("absent"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_rows_added, kerata::Add,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Floats>()
                                  .Arg<kerata::Ids>()
                                  .Ret<kerata::Floats>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_rows_picked, kerata::Pick,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Tensor>()
                                  .Arg<kerata::Ids>()
                                  .Ret<kerata::Tensor>());
