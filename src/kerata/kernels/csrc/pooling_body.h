// The inner loop of the maximum. Included once for each instruction set.

static constexpr int64_t kLanes = 16;
typedef float Lanes __attribute__((vector_size(64), aligned(4)));
typedef int32_t Places __attribute__((vector_size(64), aligned(4)));
typedef uint8_t Marks __attribute__((vector_size(16), aligned(1)));

// The largest element of whole windows, channel by channel, in registers, and its place. `lines` are
// the input's rows under the windows, `places` the numbers of their first places.
static void greatest(const float* const* lines, const int64_t* places, int64_t count,
                            int64_t reach, int64_t step, float* best, uint8_t* where,
                            int64_t columns, int64_t channels) {
  const int64_t whole = channels / kLanes * kLanes;
  for (int64_t w = 0; w < columns; ++w, best += channels, where += channels) {
    for (int64_t c = 0; c < whole; c += kLanes) {
      Lanes top = *reinterpret_cast<const Lanes*>(lines[0] + w * step + c);
      Places at = Places{} + static_cast<int32_t>(places[0]);
      for (int64_t line = 0; line < count; ++line) {
        const float* x = lines[line] + w * step + c;
        for (int64_t k = 0; k < reach; ++k, x += channels) {
          const Lanes now = *reinterpret_cast<const Lanes*>(x);
          const Places take = (now > top) | (now != now);  // a NaN stays
          top = take ? now : top;
          at = take ? Places{} + static_cast<int32_t>(places[line] + k) : at;
        }
      }
      *reinterpret_cast<Lanes*>(best + c) = top;
      *reinterpret_cast<Marks*>(where + c) = __builtin_convertvector(at, Marks);
    }
    for (int64_t c = whole; c < channels; ++c) {
      float top = lines[0][w * step + c];
      int64_t at = places[0];
      for (int64_t line = 0; line < count; ++line)
        for (int64_t k = 0; k < reach; ++k) {
          const float now = lines[line][w * step + k * channels + c];
          if (now > top || now != now) {
            top = now;
            at = places[line] + k;
          }
        }
      best[c] = top;
      where[c] = static_cast<uint8_t>(at);
    }
  }
}
