// Texts as words: standardized, split, joined to n-grams; a table of words; threads that share rows.
// Nothing here knows Python.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace kerata::text {

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the ends of words are cut off as on little-endian machines"
#endif

struct Slice {
  const char* data;
  size_t size;
};

// So many bytes behind a word may be read, and are not looked at.
constexpr size_t kSlack = 8;

// Up to 8 bytes as a number; more are read.
inline uint64_t head(const char* data, size_t size) {
  uint64_t word;
  std::memcpy(&word, data, 8);
  return size >= 8 ? word : size == 0 ? 0 : word & (~uint64_t{0} >> (64 - 8 * size));
}

inline uint64_t hash(const char* data, size_t size) {
  constexpr uint64_t kFactor = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio
  uint64_t h = size * kFactor;
  for (; size > 8; data += 8, size -= 8) {
    h = (h ^ head(data, 8)) * kFactor;
    h ^= h >> 29;
  }
  h = (h ^ head(data, size)) * kFactor;
  h ^= h >> 32;
  return h * kFactor;
}

// Words and their numbers 0, 1, 2 … in the order in which they came.
class Words {
 public:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  Words() { grow(64); }

  size_t count() const { return ends_.size(); }
  Slice word(uint32_t number) const {
    const size_t start = number == 0 ? 0 : ends_[number - 1];
    return {bytes_.data() + start, ends_[number] - start};
  }
  // kNone if it is not among them.
  uint32_t find(const char* data, size_t size) const {
    return slots_[place(data, size)].number;
  }
  // The number of the word, a new one if it has none.
  uint32_t add(const char* data, size_t size) {
    size_t at = place(data, size);
    if (slots_[at].number != kNone) return slots_[at].number;
    if (2 * (count() + 1) > slots_.size()) {
      grow(2 * slots_.size());
      at = place(data, size);
    }
    const size_t used = ends_.empty() ? 0 : ends_.back();
    if (used + size + kSlack > bytes_.size()) bytes_.resize(2 * (used + size + kSlack));
    std::memcpy(bytes_.data() + used, data, size);
    ends_.push_back(used + size);
    slots_[at] = {head(data, size), static_cast<uint32_t>(size), static_cast<uint32_t>(count() - 1)};
    return slots_[at].number;
  }

 private:
  struct Slot {
    uint64_t head;  // most words are no longer, and told apart by it and their size
    uint32_t size;
    uint32_t number;
  };

  size_t place(const char* data, size_t size) const {
    const uint64_t first = head(data, size);
    for (size_t at = hash(data, size) >> shift_;; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.number == kNone) return at;
      if (slot.head == first && slot.size == size &&
          (size <= 8 || std::memcmp(word(slot.number).data + 8, data + 8, size - 8) == 0)) {
        return at;
      }
    }
  }

  void grow(size_t size) {  // a power of 2
    slots_.assign(size, {0, 0, kNone});
    shift_ = 64;
    for (size_t n = size; n > 1; n /= 2) --shift_;
    for (uint32_t i = 0; i < count(); ++i) {
      const Slice w = word(i);
      slots_[place(w.data, w.size)] = {head(w.data, w.size), static_cast<uint32_t>(w.size), i};
    }
  }

  std::vector<Slot> slots_;
  int shift_ = 64;
  std::vector<char> bytes_ = std::vector<char>(256);
  std::vector<size_t> ends_;
};

// What is done to a text before it is split: bit 1 lowers A to Z, bit 2 strips ASCII's punctuation.
enum Standard : int { kLower = 1, kStrip = 2 };
enum class Split : int { kNot, kSpace, kCharacter };

struct Style {
  int standard = 0;
  Split split = Split::kSpace;
  std::vector<int64_t> widths;  // of n-grams; none: words themselves

  bool plain() const { return widths.empty(); }
};

inline bool is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

inline bool is_punctuation(unsigned char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

// Bytes of the character of UTF-8 that starts here; 0 if there is none.
inline size_t character(const unsigned char* at, const unsigned char* end) {
  const size_t size = *at < 0x80   ? 1
                      : *at < 0xC2 ? 0
                      : *at < 0xE0 ? 2
                      : *at < 0xF0 ? 3
                      : *at < 0xF5 ? 4
                                   : 0;
  if (size < 2) return size;
  if (static_cast<size_t>(end - at) < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((at[i] & 0xC0) != 0x80) return 0;
  }
  const bool long_form = (*at == 0xE0 && at[1] < 0xA0) || (*at == 0xF0 && at[1] < 0x90);
  const bool no_letter = (*at == 0xED && at[1] >= 0xA0) || (*at == 0xF4 && at[1] >= 0x90);
  return long_form || no_letter ? 0 : size;
}

// Splits one text after another; for a thread of its own.
class Reader {
 public:
  explicit Reader(const Style& style) : style_(style) {
    for (int c = 0; c < 256; ++c) {
      const bool upper = c >= 'A' && c <= 'Z';
      to_[c] = static_cast<char>((style.standard & kLower) && upper ? c + 32 : c);
      const bool strip = (style.standard & kStrip) && is_punctuation(c);
      const bool space = style.split == Split::kSpace && is_space(c);
      kind_[c] = strip ? kDropped : space ? kEnd : kKept;
    }
  }

  // Calls each(data, size) for up to `most` tokens. False: the text is no UTF-8 and was to be one.
  template <typename Each>
  bool read(Slice text, int64_t most, Each&& each) {
    const size_t room = text.size + 1 + kSlack;
    if (line_.size() < room) line_.resize(room + room / 2);
    words_.clear();
    if (most <= 0) return true;
    switch (style_.split) {
      case Split::kNot: {
        const size_t size = copy(text);
        words_.push_back({0, size});
        break;
      }
      case Split::kSpace:
        words(text, style_.plain() ? most : std::numeric_limits<int64_t>::max());
        break;
      case Split::kCharacter:
        if (!characters(copy(text))) return false;
    }
    give(most, each);
    return true;
  }

 private:
  enum Kind : unsigned char { kKept, kDropped, kEnd };
  struct Range {
    size_t start, end;
  };

  size_t copy(Slice text) {
    size_t size = 0;
    for (size_t i = 0; i < text.size; ++i) {
      const auto c = static_cast<unsigned char>(text.data[i]);
      line_[size] = to_[c];
      size += kind_[c] != kDropped;
    }
    return size;
  }

  // Words lie in line_ with a space between them, as n-grams have it.
  void words(Slice text, int64_t most) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data);
    const unsigned char* const end = at + text.size;
    char* const line = line_.data();
    size_t size = 0, start = 0;
    for (; at < end; ++at) {
      const Kind kind = kind_[*at];
      line[size] = to_[*at];
      size += kind == kKept;
      if (kind == kEnd && size > start) {
        words_.push_back({start, size});
        line[size++] = ' ';
        start = size;
        if (--most == 0) return;
      }
    }
    if (size > start) words_.push_back({start, size});
  }

  bool characters(size_t size) {
    const auto* const line = reinterpret_cast<const unsigned char*>(line_.data());
    for (size_t at = 0; at < size;) {
      const size_t n = character(line + at, line + size);
      if (n == 0) return false;
      words_.push_back({at, at + n});
      at += n;
    }
    return true;
  }

  template <typename Each>
  void give(int64_t most, Each&& each) {
    const char* const line = line_.data();
    if (style_.plain()) {
      const size_t count = std::min<size_t>(words_.size(), static_cast<size_t>(most));
      for (size_t i = 0; i < count; ++i) each(line + words_[i].start, words_[i].end - words_[i].start);
      return;
    }
    if (style_.split == Split::kCharacter) spread();
    for (const int64_t n : style_.widths) {
      for (size_t i = 0; i + n <= words_.size(); ++i) {
        if (most-- <= 0) return;
        each(line_.data() + words_[i].start, words_[i + n - 1].end - words_[i].start);
      }
    }
  }

  // Characters with a space between them.
  void spread() {
    const size_t used = words_.empty() ? 0 : words_.back().end;
    std::vector<char> wide(used + words_.size() + kSlack);
    size_t at = 0;
    for (Range& w : words_) {
      const size_t n = w.end - w.start;
      std::memcpy(wide.data() + at, line_.data() + w.start, n);
      w = {at, at + n};
      wide[at + n] = ' ';
      at += n + 1;
    }
    line_.swap(wide);
  }

  Style style_;
  char to_[256];
  Kind kind_[256];
  std::vector<char> line_;
  std::vector<Range> words_;
};

// Threads that share rows: each calls work(thread, first, last) for parts of them until all is done.
template <typename Work>
void share(size_t rows, int threads, Work&& work) {
  const size_t part = std::clamp<size_t>(rows / (8 * static_cast<size_t>(threads)), 1, 4096);
  std::atomic<size_t> next{0};
  std::exception_ptr failed;
  std::mutex lock;
  const auto run = [&](int thread) {
    try {
      for (size_t first; (first = next.fetch_add(part)) < rows;) {
        work(thread, first, std::min(first + part, rows));
      }
    } catch (...) {
      std::lock_guard<std::mutex> held(lock);
      failed = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  others.reserve(static_cast<size_t>(threads));
  for (int i = 1; i < threads; ++i) {
    try {
      others.emplace_back(run, i);
    } catch (const std::system_error&) {
      break;  // fewer do it too
    }
  }
  run(0);
  for (std::thread& t : others) t.join();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace kerata::text
