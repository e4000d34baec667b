// Pictures under an affine map: for each place of the result the place in the source is computed, and the
// four pixels around it are mixed. Edges and rounding follow scipy.ndimage.affine_transform (order 0 or 1).
// A plain C function: it is called through ctypes, which lets other threads run meanwhile.

#include <emmintrin.h>

#include <cstdint>
#include <cstring>

namespace {

enum Mode { kConstant = 0, kNearest = 1, kReflect = 2, kWrap = 3 };

struct Picture {
  long rows, columns, channels;
  long row, column, channel;  // steps, in elements
};

struct Map {
  double m00, m01, m10, m11, o0, o1;
};

// Where a coordinate outside of [0, n - 1] is read; not above -1: nowhere.
double fold(double at, long n, int mode) {
  if (at >= 0 && at <= n - 1) return at;
  if (mode == kConstant) return -1;
  if (n <= 1) return 0;
  if (mode == kNearest) return at < 0 ? 0 : n - 1;
  if (mode == kReflect) {
    const long period = 2 * n;
    if (at < 0) {
      if (at < -period) at += period * static_cast<long>(-at / period);
      return at < -n ? at + period : (at > -1e-15 ? 1e-15 : -at) - 1;
    }
    at -= period * static_cast<long>(at / period);
    return at >= n ? period - at - 1 : at;
  }
  const long period = n - 1;
  if (at < 0) return at + period * (static_cast<long>(-at / period) + 1);
  return at - period * static_cast<long>(at / period);
}

long clamp(long i, long n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

long floor_of(double at) {
  const long i = static_cast<long>(at);
  return at < i ? i - 1 : i;
}

template <typename T, int C>
void put(const T* a, const T* b, const T* c, const T* d, float ty, float tx, float scale, float* out, long channels,
         long from, long to) {
  const float w00 = (1 - ty) * (1 - tx), w01 = (1 - ty) * tx, w10 = ty * (1 - tx), w11 = ty * tx;
  const long n = C ? C : channels;
  for (long k = 0; k < n; ++k) {
    const long i = k * from;
    const float above = w00 * static_cast<float>(a[i]) + w01 * static_cast<float>(b[i]);
    const float below = w10 * static_cast<float>(c[i]) + w11 * static_cast<float>(d[i]);
    out[k * to] = (above + below) * scale;
  }
}

// Four values from here on. Of a pixel with three channels the last one belongs to its neighbour.
__m128 four(const float* p) { return _mm_loadu_ps(p); }

__m128 four(const uint8_t* p) {
  int32_t bytes;
  std::memcpy(&bytes, p, 4);
  const __m128i zero = _mm_setzero_si128();
  return _mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), zero), zero));
}

// `put` for three or four channels at once, where a value behind each pixel may be read.
template <typename T, int C>
void put_at_once(const T* a, const T* b, const T* c, const T* d, float ty, float tx, __m128 scale, float* out) {
  const __m128 above = _mm_add_ps(_mm_mul_ps(_mm_set1_ps((1 - ty) * (1 - tx)), four(a)),
                                  _mm_mul_ps(_mm_set1_ps((1 - ty) * tx), four(b)));
  const __m128 below = _mm_add_ps(_mm_mul_ps(_mm_set1_ps(ty * (1 - tx)), four(c)),
                                  _mm_mul_ps(_mm_set1_ps(ty * tx), four(d)));
  const __m128 sum = _mm_mul_ps(_mm_add_ps(above, below), scale);
  if (C == 4) return _mm_storeu_ps(out, sum);
  _mm_storel_pi(reinterpret_cast<__m64*>(out), sum);
  _mm_store_ss(out + 2, _mm_movehl_ps(sum, sum));
}

template <typename T, int C>
void warp(const T* source, const Picture& from, float* out, const Picture& to, const Map& map, int order, int mode,
          float filling, float scale) {
  const long h = from.rows, w = from.columns;
  const double last_row = h - 1, last_column = w - 1;
  const __m128 scales = _mm_set1_ps(scale);
  // Up to here the value behind the right neighbour is inside of its row.
  const long readable = C == 4 ? w : C == 3 && from.column == 3 ? w - 2 : 0;
  for (long r = 0; r < h; ++r) {
    // The order of these sums is SciPy's: another one would round differently at the edges.
    const double y0 = map.o0 + r * map.m00, x0 = map.o1 + r * map.m10;
    float* target = out + r * to.row;
    for (long c = 0; c < w; ++c, target += to.column) {
      double y = y0 + c * map.m01, x = x0 + c * map.m11;
      if (!(y >= 0 && y <= last_row)) y = fold(y, h, mode);
      if (!(x >= 0 && x <= last_column)) x = fold(x, w, mode);
      if (!(y > -1 && x > -1)) {
        for (long k = 0; k < to.channels; ++k) target[k * to.channel] = filling * scale;
        continue;
      }
      if (order == 0) {
        y = floor_of(y + 0.5);
        x = floor_of(x + 0.5);
      }
      const long i = floor_of(y), j = floor_of(x);
      const T* above = source + clamp(i, h) * from.row;
      const T* below = source + clamp(i + 1, h) * from.row;
      const long left = clamp(j, w) * from.column, right = clamp(j + 1, w) * from.column;
      if (C >= 3 && j >= 0 && j < readable) {
        put_at_once<T, C>(above + left, above + right, below + left, below + right, static_cast<float>(y - i),
                          static_cast<float>(x - j), scales, target);
        continue;
      }
      put<T, C>(above + left, above + right, below + left, below + right, static_cast<float>(y - i),
                static_cast<float>(x - j), scale, target, from.channels, C ? 1 : from.channel, C ? 1 : to.channel);
    }
  }
}

template <typename T>
void choose(const T* source, const Picture& from, float* out, const Picture& to, const Map& map, int order, int mode,
            float filling, float scale) {
  const bool together = from.channel == 1 && to.channel == 1;
  if (together && from.channels == 3) return warp<T, 3>(source, from, out, to, map, order, mode, filling, scale);
  if (from.channels == 1) return warp<T, 1>(source, from, out, to, map, order, mode, filling, scale);
  if (together && from.channels == 4) return warp<T, 4>(source, from, out, to, map, order, mode, filling, scale);
  warp<T, 0>(source, from, out, to, map, order, mode, filling, scale);
}

}  // namespace

// `sizes`: rows, columns, channels; steps of the source by row, column, channel; those of the result. All in
// elements; steps of the result may be negative, which turns it around. `map`: the matrix (2 x 2) and the shift.
extern "C" void kerata_warp(const void* source, int is_float, float* out, const int64_t* sizes, const double* map,
                            int order, int mode, float filling, float scale) {
  const Picture from{sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]};
  const Picture to{sizes[0], sizes[1], sizes[2], sizes[6], sizes[7], sizes[8]};
  const Map m{map[0], map[1], map[2], map[3], map[4], map[5]};
  if (is_float)
    choose(static_cast<const float*>(source), from, out, to, m, order, mode, filling, scale);
  else
    choose(static_cast<const uint8_t*>(source), from, out, to, m, order, mode, filling, scale);
}
