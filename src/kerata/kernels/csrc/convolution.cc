// Convolutions of one to three spatial axes, forward and both derivatives.
//
// Tensors lie as Keras has them: (batch, space..., channels) and (space..., channels in, channels
// out). oneDNN takes the former in place; kernels, which are small, are reordered for each call.

#include "common.h"
#include "narrow.h"

namespace kerata {
namespace {

using dnnl::memory;

constexpr int64_t kNarrow = 8;  // with fewer output channels oneDNN computes mostly zeros

enum Kind : int64_t { kForward, kBackwardData, kBackwardWeights };

struct Geometry {
  Sizes x, w, y;                          // in oneDNN's order: batch, channels, space
  Sizes strides, dilation, before, after;
  memory::data_type type;
};

struct Plan {
  dnnl::primitive run;
  dnnl::primitive reorder;                // of the kernel, or of its gradient
  memory::desc x, y, given, wanted, scratch;  // the kernel as given and as oneDNN wants it
  bool reordered;
};

// (batch, space..., channels) as (batch, channels, space...).
memory::desc image(const Sizes& dims, memory::data_type type) {
  Sizes strides(dims.size());
  int64_t step = dims[1];
  strides[1] = 1;
  for (size_t i = dims.size() - 1; i >= 2; --i) {
    strides[i] = step;
    step *= dims[i];
  }
  strides[0] = step;
  return memory::desc(dims, type, strides);
}

// (space..., in / groups, out) as ([groups,] out / groups, in / groups, space...).
memory::desc kernel(const Sizes& dims, int64_t groups, memory::data_type type) {
  const int64_t out = dims[0], in = dims[1];
  const size_t rank = dims.size() - 2;
  Sizes shape, strides, space(rank);
  int64_t step = in * out;
  for (size_t i = rank; i-- > 0;) {
    space[i] = step;
    step *= dims[i + 2];
  }
  if (groups > 1) {
    shape = {groups, out / groups, in};
    strides = {out / groups, 1, out};
  } else {
    shape = {out, in};
    strides = {1, out};
  }
  shape.insert(shape.end(), dims.begin() + 2, dims.end());
  strides.insert(strides.end(), space.begin(), space.end());
  return memory::desc(shape, type, strides);
}

memory::desc any(const memory::desc& like) {
  return memory::desc(like.get_dims(), like.get_data_type(), memory::format_tag::any);
}

Plan plan(Kind kind, const Geometry& g, int64_t groups) {
  using namespace dnnl;
  Plan p;
  p.x = image(g.x, g.type);
  p.y = image(g.y, g.type);
  p.given = kernel(g.w, groups, g.type);
  const memory::desc wanted = any(p.given);
  const auto method = algorithm::convolution_direct;
  primitive_attr attributes;
  attributes.set_scratchpad_mode(scratchpad_mode::user);
  convolution_forward::primitive_desc forward(
      cpu(), prop_kind::forward_training, method, p.x, wanted, p.y, g.strides, g.dilation,
      g.before, g.after, attributes);
  if (kind == kForward) {
    p.run = convolution_forward(forward);
    p.wanted = forward.weights_desc();
    p.scratch = forward.scratchpad_desc();
  } else if (kind == kBackwardData) {
    convolution_backward_data::primitive_desc backward(
        cpu(), method, p.x, wanted, p.y, g.strides, g.dilation, g.before, g.after, forward,
        attributes);
    p.run = convolution_backward_data(backward);
    p.wanted = backward.weights_desc();
    p.scratch = backward.scratchpad_desc();
  } else {
    convolution_backward_weights::primitive_desc backward(
        cpu(), method, p.x, wanted, p.y, g.strides, g.dilation, g.before, g.after, forward,
        attributes);
    p.run = convolution_backward_weights(backward);
    p.wanted = backward.diff_weights_desc();
    p.scratch = backward.scratchpad_desc();
  }
  p.reordered = p.wanted != p.given;
  if (p.reordered) {
    const bool out = kind == kBackwardWeights;
    p.reorder = reorder(reorder::primitive_desc(
        cpu(), out ? p.wanted : p.given, cpu(), out ? p.given : p.wanted));
  }
  return p;
}

Sizes first(const Sizes& given) {  // (batch, space..., channels) to (batch, channels, space...)
  Sizes out = {given.front(), given.back()};
  out.insert(out.end(), given.begin() + 1, given.end() - 1);
  return out;
}

void convolve(Kind kind, const Tensor& x_given, const Tensor& w_given, const Tensor& y_given,
              Numbers strides, Numbers before, Numbers after, Numbers dilation, int64_t groups) {
  const Sizes x = sizes(x_given.dimensions()), w = sizes(w_given.dimensions()),
              y = sizes(y_given.dimensions());
  void *px = x_given.untyped_data(), *pw = w_given.untyped_data(), *py = y_given.untyped_data();
  const int64_t in = x.back(), out = y.back();
  const bool dense = std::all_of(strides.begin(), strides.end(), [](int64_t s) { return s == 1; });
  const auto type = type_of(x_given);
  if (out < kNarrow && in >= 16 && groups == 1 && dense && kind != kBackwardData &&
      type == memory::data_type::f32) {
    const Narrow c(x, w, y, before, dilation);
    auto floats = [](void* data) { return static_cast<float*>(data); };
    if (kind == kForward) narrow_forward(c, floats(px), floats(pw), floats(py));
    else narrow_kernel_gradient(c, floats(px), floats(py), floats(pw));
    return;
  }
  Geometry g;
  g.type = type;
  g.x = first(x);
  g.w = {w[w.size() - 1], w[w.size() - 2]};
  g.w.insert(g.w.end(), w.begin(), w.end() - 2);
  g.y = first(y);
  g.strides = sizes(strides);
  g.before = sizes(before);
  g.after = sizes(after);
  g.dilation = sizes(dilation);
  for (auto& d : g.dilation) d -= 1;  // oneDNN counts the gaps

  Sizes key = {kind, groups, static_cast<int64_t>(type)};
  for (const Sizes* part : {&g.x, &g.w, &g.y, &g.strides, &g.before, &g.after, &g.dilation}) {
    key.insert(key.end(), part->begin(), part->end());
  }
  static Cache<Plan> plans;
  const auto p = plans.get(key, [&] { return plan(kind, g, groups); });

  thread_local Scratch scratch, weights;
  dnnl::stream stream(cpu());
  auto over = [](const memory::desc& like, void* data) { return memory(like, cpu(), data); };
  memory mx = over(p->x, px), my = over(p->y, py), given = over(p->given, pw);
  memory mw = p->reordered ? over(p->wanted, weights.get(p->wanted.get_size())) : given;
  memory work = over(p->scratch, scratch.get(p->scratch.get_size()));
  if (kind == kForward) {
    if (p->reordered) p->reorder.execute(stream, {{DNNL_ARG_FROM, given}, {DNNL_ARG_TO, mw}});
    p->run.execute(stream, {{DNNL_ARG_SRC, mx}, {DNNL_ARG_WEIGHTS, mw}, {DNNL_ARG_DST, my},
                            {DNNL_ARG_SCRATCHPAD, work}});
  } else if (kind == kBackwardData) {
    if (p->reordered) p->reorder.execute(stream, {{DNNL_ARG_FROM, given}, {DNNL_ARG_TO, mw}});
    p->run.execute(stream, {{DNNL_ARG_DIFF_SRC, mx}, {DNNL_ARG_WEIGHTS, mw},
                            {DNNL_ARG_DIFF_DST, my}, {DNNL_ARG_SCRATCHPAD, work}});
  } else {
    p->run.execute(stream, {{DNNL_ARG_SRC, mx}, {DNNL_ARG_DIFF_WEIGHTS, mw},
                            {DNNL_ARG_DIFF_DST, my}, {DNNL_ARG_SCRATCHPAD, work}});
    if (p->reordered) p->reorder.execute(stream, {{DNNL_ARG_FROM, mw}, {DNNL_ARG_TO, given}});
  }
  stream.wait();
}

ffi::Error Forward(Tensor x, Tensor w, TensorOut y, Numbers strides, Numbers before, Numbers after,
                   Numbers dilation, int64_t groups) {
  return guarded([&] { convolve(kForward, x, w, *y, strides, before, after, dilation, groups); });
}

ffi::Error BackwardData(Tensor y, Tensor w, TensorOut x, Numbers strides, Numbers before,
                        Numbers after, Numbers dilation, int64_t groups) {
  return guarded(
      [&] { convolve(kBackwardData, *x, w, y, strides, before, after, dilation, groups); });
}

ffi::Error BackwardWeights(Tensor x, Tensor y, TensorOut w, Numbers strides, Numbers before,
                           Numbers after, Numbers dilation, int64_t groups) {
  return guarded(
      [&] { convolve(kBackwardWeights, x, *w, y, strides, before, after, dilation, groups); });
}

}  // namespace
}  // namespace kerata

#define KERATA_CONVOLUTION(symbol, function)                   \
  XLA_FFI_DEFINE_HANDLER_SYMBOL(symbol, kerata::function,      \
                                xla::ffi::Ffi::Bind()          \
                                    .Arg<kerata::Tensor>()     \
                                    .Arg<kerata::Tensor>()     \
                                    .Ret<kerata::Tensor>()     \
                                    .Attr<kerata::Numbers>("strides")  \
                                    .Attr<kerata::Numbers>("before")   \
                                    .Attr<kerata::Numbers>("after")    \
                                    .Attr<kerata::Numbers>("dilation") \
                                    .Attr<int64_t>("groups"))

KERATA_CONVOLUTION(kerata_conv, Forward);
KERATA_CONVOLUTION(kerata_conv_input, BackwardData);
KERATA_CONVOLUTION(kerata_conv_kernel, BackwardWeights);
