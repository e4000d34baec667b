// Which instruction set the processor has, for code that is compiled for several.
#pragma once

#include <cstdlib>
#include <string>

namespace kerata {

// The function for the largest instruction set that the processor has.
template <typename F>
F best(F large, F middle, F small) {
  static const char* const wanted = std::getenv("KERATA_ISA");  // for tests: avx2, plain
  const std::string most = wanted ? wanted : "avx512";
  if (most == "plain") return small;
  if (most != "avx2" && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    return large;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? middle : small;
}

}  // namespace kerata
