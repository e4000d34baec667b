// Sums of products of two tensors over common axes: matrix products, batches of them, with any
// order of axes that strides can tell.

#include <omp.h>

#include "common.h"

namespace kerata {
namespace {

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

ffi::Error Product(Tensor a, Tensor b, TensorOut c, Numbers given, Numbers left, Numbers right,
                   Numbers out) {
  return guarded([&] {
    const memory::data_type type = type_of(a);
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
