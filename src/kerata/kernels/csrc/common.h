// What the kernels share: oneDNN's engine, memory for a call, errors, and a cache of primitives.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnnl.hpp"
#include "xla/ffi/api/ffi.h"

// Compiles a function for each instruction set; the one that the processor has is taken at run time.
#if defined(__x86_64__) && defined(__gnu_linux__)
#define KERATA_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define KERATA_CLONES
#endif

namespace kerata {

namespace ffi = xla::ffi;

using Sizes = std::vector<int64_t>;
using Numbers = ffi::Span<const int64_t>;
using Floats = ffi::Buffer<ffi::F32>;
using FloatsOut = ffi::ResultBuffer<ffi::F32>;

// Tensors of float32 or bfloat16.
using Tensor = ffi::AnyBuffer;
using TensorOut = ffi::Result<ffi::AnyBuffer>;

inline dnnl::memory::data_type type_of(const Tensor& x) {
  return x.element_type() == ffi::BF16 ? dnnl::memory::data_type::bf16
                                       : dnnl::memory::data_type::f32;
}

inline const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

inline Sizes sizes(Numbers numbers) { return Sizes(numbers.begin(), numbers.end()); }

// Memory of a thread that grows to what its largest call needed and serves all of them.
class Scratch {
 public:
  ~Scratch() { std::free(data_); }

  void* get(size_t bytes) {
    if (bytes > size_) {
      std::free(data_);
      size_ = (bytes + 4095) / 4096 * 4096;
      data_ = std::aligned_alloc(4096, size_);
      if (data_ == nullptr) {
        size_ = 0;
        throw std::bad_alloc();
      }
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

// Objects that are costly to make, by the numbers that describe them. Safe for several threads.
template <typename T>
class Cache {
 public:
  std::shared_ptr<const T> get(const Sizes& key, const std::function<T()>& make) {
    std::string text(reinterpret_cast<const char*>(key.data()), key.size() * sizeof(int64_t));
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = held_.find(text);
    if (found == held_.end()) {
      found = held_.emplace(text, std::make_shared<const T>(make())).first;
    }
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const T>> held_;
};

// Runs a kernel; what it throws becomes an error of XLA's.
inline ffi::Error guarded(const std::function<void()>& run) {
  try {
    run();
    return ffi::Error::Success();
  } catch (const dnnl::error& e) {
    return ffi::Error::Internal(std::string("oneDNN: ") + e.what());
  } catch (const std::exception& e) {
    return ffi::Error::Internal(e.what());
  }
}

}  // namespace kerata
