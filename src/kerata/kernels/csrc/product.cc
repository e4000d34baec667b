// Sums of products of two tensors over common axes: matrix products, batches of them, with any
// order of axes that strides can tell.

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "common.h"
#include "sets.h"

namespace kerata {
namespace {

#define KERATA_BODY "slim_body.h"
#include "each_set.h"

using dnnl::memory;

// Below so many multiplications waking a second thread takes longer than what it does.
constexpr int64_t kShared = 1 << 21;

// The calling thread works alone while this lives.
class Alone {
 public:
  explicit Alone(bool alone) : threads_(omp_get_max_threads()), alone_(alone) {
    if (alone_) omp_set_num_threads(1);
  }
  ~Alone() {
    if (alone_) omp_set_num_threads(threads_);
  }

 private:
  int threads_;
  bool alone_;
};

struct Plan {
  dnnl::primitive run;
  memory::desc a, b, c, scratch;
};

// `sizes` are those of the batch's axes and then M, N and K; strides follow the same order, those
// of `a` for the batch, M and K, of `b` for the batch, K and N, of `c` for the batch, M and N.
Plan plan(memory::data_type type, const Sizes& sizes, const Sizes& a, const Sizes& b,
          const Sizes& c) {
  const size_t rank = sizes.size() - 3;
  const int64_t m = sizes[rank], n = sizes[rank + 1], k = sizes[rank + 2];
  auto shape = [&](int64_t rows, int64_t columns) {
    Sizes out(sizes.begin(), sizes.begin() + rank);
    out.push_back(rows);
    out.push_back(columns);
    return out;
  };
  Plan p;
  p.a = memory::desc(shape(m, k), type, a);
  p.b = memory::desc(shape(k, n), type, b);
  p.c = memory::desc(shape(m, n), type, c);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::matmul::primitive_desc described(cpu(), p.a, p.b, p.c, attributes);
  p.run = dnnl::matmul(described);
  p.scratch = described.scratchpad_desc();
  return p;
}

// Columns up to which a product is one of those of slim_body.h.
constexpr int64_t kSlim = 32;

using Slim = void (*)(const float*, int64_t, const float*, int64_t, float*, int64_t, int64_t,
                      int64_t, int64_t);

Slim slim_function(bool turned, bool wide) {
  if (turned) {
    return wide ? best<Slim>(avx512::slim_columns<2>, avx2::slim_columns<2>, plain::slim_columns<2>)
                : best<Slim>(avx512::slim_columns<1>, avx2::slim_columns<1>, plain::slim_columns<1>);
  }
  return wide ? best<Slim>(avx512::slim_rows<2>, avx2::slim_rows<2>, plain::slim_rows<2>)
              : best<Slim>(avx512::slim_rows<1>, avx2::slim_rows<1>, plain::slim_rows<1>);
}

// Whether a product is of that kind: no axes of a batch, few columns, and a left side whose size
// decides how long it takes.
bool is_slim(Numbers sizes) {
  return sizes.size() == 3 && sizes[1] <= kSlim && sizes[0] * sizes[2] >= (1 << 15);
}

// Sizes and strides as `plan` takes them.
void slim_product(const float* a, const float* b, float* c, Numbers sizes, Numbers left,
                  Numbers right, Numbers out) {
  const int64_t m = sizes[0], n = sizes[1], k = sizes[2];
  const int64_t lanes = n > 16 ? 32 : 16;
  const bool turned = left[1] != 1;  // then the rows' axis is the dense one
  const int64_t stride = turned ? left[1] : left[0];
  const float* panel = b;
  if (right[1] != 1 || right[0] != lanes || n != lanes) {
    thread_local Scratch scratch;
    float* packed = static_cast<float*>(scratch.get(k * lanes * sizeof(float)));
    for (int64_t i = 0; i < k; ++i)
      for (int64_t j = 0; j < lanes; ++j)
        packed[i * lanes + j] = j < n ? b[i * right[0] + j * right[1]] : 0.0f;
    panel = packed;
  }
  const Slim run = slim_function(turned, lanes > 16);
  const int64_t piece = turned ? 256 : std::max<int64_t>(8, (m / 16 + 7) / 8 * 8);
#pragma omp parallel for schedule(static) if (m * n * k >= kShared)
  for (int64_t at = 0; at < m; at += piece) {
    run(a, stride, panel, k, c, out[0], n, at, std::min(at + piece, m));
  }
}

ffi::Error Product(Tensor a, Tensor b, TensorOut c, Numbers given, Numbers left, Numbers right,
                   Numbers out) {
  return guarded([&] {
    const memory::data_type type = type_of(a);
    if (type == memory::data_type::f32 && is_slim(given)) {
      return slim_product(static_cast<const float*>(a.untyped_data()),
                          static_cast<const float*>(b.untyped_data()),
                          static_cast<float*>(c->untyped_data()), given, left, right, out);
    }
    Sizes key = sizes(given);
    key.push_back(static_cast<int64_t>(type));
    for (Numbers part : {left, right, out}) key.insert(key.end(), part.begin(), part.end());
    int64_t work = 1;
    for (int64_t size : given) work *= size;
    const Alone alone(work < kShared);
    static Cache<Plan> plans;
    const auto p = plans.get(key, [&] {
      return plan(type, sizes(given), sizes(left), sizes(right), sizes(out));
    });
    thread_local Scratch scratch;
    dnnl::stream stream(cpu());
    p->run.execute(
        stream,
        {{DNNL_ARG_SRC, memory(p->a, cpu(), a.untyped_data())},
         {DNNL_ARG_WEIGHTS, memory(p->b, cpu(), b.untyped_data())},
         {DNNL_ARG_DST, memory(p->c, cpu(), c->untyped_data())},
         {DNNL_ARG_SCRATCHPAD,
          memory(p->scratch, cpu(), scratch.get(p->scratch.get_size()))}});
    stream.wait();
  });
}

}  // namespace
}  // namespace kerata

XLA_FFI_DEFINE_HANDLER_SYMBOL(kerata_product, kerata::Product,
                              xla::ffi::Ffi::Bind()
                                  .Arg<kerata::Tensor>()
                                  .Arg<kerata::Tensor>()
                                  .Ret<kerata::Tensor>()
                                  .Attr<kerata::Numbers>("sizes")
                                  .Attr<kerata::Numbers>("left")
                                  .Attr<kerata::Numbers>("right")
                                  .Attr<kerata::Numbers>("out"));
