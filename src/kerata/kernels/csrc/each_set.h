// Compiles the file KERATA_BODY once for each instruction set, in a namespace of its own; `best` of
// sets.h chooses. To be included wherever there is such a file. (Functions of vector types cannot be
// had by target_clones: the compiler takes these apart before it makes the clones.)

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("arch=skylake-avx512,prefer-vector-width=512")
namespace avx512 {
#include KERATA_BODY
}
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=haswell")
namespace avx2 {
#include KERATA_BODY
}
#pragma GCC pop_options
#endif
namespace plain {
#include KERATA_BODY
}
#undef KERATA_BODY
