// The Python module kerata.kernels._text: see kernels/words.py, which is all that calls it.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <memory>
#include <new>
#include <stdexcept>

#include "words.h"

namespace kerata::text {
namespace {

constexpr size_t kBytesOfThread = 1 << 16;  // for less it is not worth to start one
constexpr size_t kLongest = std::numeric_limits<uint32_t>::max() / 2;

// --- objects that Python holds --------------------------------------------------------------------

// The bytes of strings, which live as long as the list and the copies.
struct Texts {
  std::vector<Slice> rows;
  std::vector<PyObject*> held;
  size_t bytes = 0;

  ~Texts() {
    for (PyObject* o : held) Py_XDECREF(o);
  }
  int threads(int most) const {
    return static_cast<int>(std::max<size_t>(
        1, std::min<size_t>({static_cast<size_t>(std::max(most, 1)), bytes / kBytesOfThread + 1, rows.size()})));
  }
};

struct Table {
  Words words;
  std::vector<int64_t> values;
};

struct Counts {
  Words words;
  std::vector<int64_t> times, documents;
  std::vector<int64_t> last;  // the document in which a word was last seen
  int64_t document = 0;
  std::mutex lock;

  uint32_t at(const char* data, size_t size) {
    const uint32_t i = words.add(data, size);
    if (i == times.size()) {
      times.push_back(0);
      documents.push_back(0);
      last.push_back(0);
    }
    return i;
  }
  void see(const char* data, size_t size) {
    const uint32_t i = at(data, size);
    ++times[i];
    documents[i] += last[i] != document;
    last[i] = document;
  }
  void take(const Counts& other) {
    for (uint32_t j = 0; j < other.words.count(); ++j) {
      const Slice w = other.words.word(j);
      const uint32_t i = at(w.data, w.size);
      times[i] += other.times[j];
      documents[i] += other.documents[j];
    }
  }
};

template <typename T>
constexpr const char* kName = nullptr;
template <>
constexpr const char* kName<Texts> = "kerata.texts";
template <>
constexpr const char* kName<Table> = "kerata.table";
template <>
constexpr const char* kName<Counts> = "kerata.counts";

template <typename T>
PyObject* give(std::unique_ptr<T> made) {
  PyObject* capsule = PyCapsule_New(made.get(), kName<T>, [](PyObject* c) {
    delete static_cast<T*>(PyCapsule_GetPointer(c, kName<T>));
  });
  if (capsule != nullptr) made.release();
  return capsule;
}

template <typename T>
T* taken(PyObject* capsule) {
  return static_cast<T*>(PyCapsule_GetPointer(capsule, kName<T>));
}

// Memory of an array.
class View {
 public:
  ~View() {
    if (view_.obj != nullptr) PyBuffer_Release(&view_);
  }
  bool get(PyObject* array, bool writable) {
    return PyObject_GetBuffer(array, &view_, writable ? PyBUF_CONTIG : PyBUF_CONTIG_RO) == 0;
  }
  template <typename T>
  T* as() const {
    return static_cast<T*>(view_.buf);
  }
  size_t count() const { return static_cast<size_t>(view_.len / view_.itemsize); }
  Py_ssize_t item() const { return view_.itemsize; }

 private:
  Py_buffer view_{};
};

// What is thrown becomes an error of Python's.
template <typename Run>
PyObject* guarded(Run&& run) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
    return nullptr;
  }
}

// Runs without the interpreter's lock.
template <typename Run>
void freely(Run&& run) {
  std::exception_ptr failed;
  Py_BEGIN_ALLOW_THREADS;
  try {
    run();
  } catch (...) {
    failed = std::current_exception();
  }
  Py_END_ALLOW_THREADS;
  if (failed) std::rethrow_exception(failed);
}

bool style_of(int standard, int split, PyObject* widths, Style* style) {
  style->standard = standard;
  style->split = static_cast<Split>(split);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(widths); ++i) {
    const int64_t n = PyLong_AsLongLong(PyTuple_GET_ITEM(widths, i));
    if (n == -1 && PyErr_Occurred()) return false;
    if (n < 1) {
      PyErr_SetString(PyExc_ValueError, "n-grams have at least one word");
      return false;
    }
    style->widths.push_back(n);
  }
  return true;
}

PyObject* wrong(const char* text) {
  PyErr_SetString(PyExc_ValueError, text);
  return nullptr;
}

// --- texts ----------------------------------------------------------------------------------------

// Whether the item is a string; if not, an error of Python's may be set.
bool append(Texts* texts, PyObject* item) {
  if (PyUnicode_Check(item)) {
    if (PyUnicode_IS_COMPACT_ASCII(item)) {
      texts->rows.push_back({static_cast<const char*>(PyUnicode_DATA(item)),
                             static_cast<size_t>(PyUnicode_GET_LENGTH(item))});
      return true;
    }
    // A copy, as the string's own one in UTF-8 would stay with it for ever.
    texts->held.push_back(nullptr);
    item = texts->held.back() = PyUnicode_AsUTF8String(item);
    if (item == nullptr) return false;
  }
  if (!PyBytes_Check(item)) return false;
  texts->rows.push_back({PyBytes_AS_STRING(item), static_cast<size_t>(PyBytes_GET_SIZE(item))});
  return true;
}

// texts(list): the strings of a list that nobody changes, in UTF-8; None where some item is none, is
// too long, or cannot be encoded.
PyObject* texts(PyObject*, PyObject* list) {
  return guarded([&]() -> PyObject* {
    if (!PyList_Check(list)) return wrong("expected a list");
    auto made = std::make_unique<Texts>();
    made->rows.reserve(static_cast<size_t>(PyList_GET_SIZE(list)));
    made->held.push_back(list);
    Py_INCREF(list);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
      if (!append(made.get(), PyList_GET_ITEM(list, i))) {
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_UnicodeError)) return nullptr;
        PyErr_Clear();
        Py_RETURN_NONE;
      }
      if (made->rows.back().size > kLongest) Py_RETURN_NONE;
      made->bytes += made->rows.back().size;
    }
    return give(std::move(made));
  });
}

// sizes(texts, standard, split, widths, threads, out): numbers of tokens; False if some is no UTF-8.
PyObject* sizes(PyObject*, PyObject* args) {
  PyObject *capsule, *widths, *array;
  int standard, split, threads;
  if (!PyArg_ParseTuple(args, "OiiO!iO", &capsule, &standard, &split, &PyTuple_Type, &widths,
                        &threads, &array)) {
    return nullptr;
  }
  return guarded([&]() -> PyObject* {
    Style style;
    View out;
    const Texts* from = taken<Texts>(capsule);
    if (!from || !style_of(standard, split, widths, &style) || !out.get(array, true)) return nullptr;
    if (out.item() != 8 || out.count() != from->rows.size()) return wrong("expected an int64 for each text");
    std::atomic<bool> good{true};
    freely([&] {
      share(from->rows.size(), from->threads(threads), [&](int, size_t first, size_t last) {
        Reader reader(style);
        for (size_t i = first; i < last; ++i) {
          int64_t n = 0;
          if (!reader.read(from->rows[i], std::numeric_limits<int64_t>::max(),
                           [&](const char*, size_t) { ++n; })) {
            good = false;
          }
          out.as<int64_t>()[i] = n;
        }
      });
    });
    return PyBool_FromLong(good);
  });
}

// --- tables ---------------------------------------------------------------------------------------

// table(texts, values): a number for each of some words.
PyObject* table(PyObject*, PyObject* args) {
  PyObject *capsule, *array;
  if (!PyArg_ParseTuple(args, "OO", &capsule, &array)) return nullptr;
  return guarded([&]() -> PyObject* {
    View values;
    const Texts* from = taken<Texts>(capsule);
    if (!from || !values.get(array, false)) return nullptr;
    if (values.item() != 8 || values.count() != from->rows.size()) return wrong("expected an int64 for each word");
    auto made = std::make_unique<Table>();
    made->values.resize(from->rows.size());
    std::vector<char> line;  // with bytes behind it
    for (size_t i = 0; i < from->rows.size(); ++i) {
      const Slice w = from->rows[i];
      line.resize(std::max(line.size(), w.size + kSlack));
      std::memcpy(line.data(), w.data, w.size);
      made->values[made->words.add(line.data(), w.size)] = values.as<int64_t>()[i];
    }
    return give(std::move(made));
  });
}

struct Filling {
  int64_t unknown, pad;
  const int64_t* starts;  // of the rows, and the end; none: all rows have one width
  size_t width;

  size_t start(size_t row) const { return starts ? static_cast<size_t>(starts[row]) : row * width; }
};

template <typename Number>
bool fill_rows(const Texts& from, const Table& in, const Style& style, const Filling& f, int threads,
               Number* out) {
  std::atomic<bool> good{true};
  share(from.rows.size(), from.threads(threads), [&](int, size_t first, size_t last) {
    Reader reader(style);
    for (size_t i = first; i < last; ++i) {
      Number* to = out + f.start(i);
      Number* const end = out + f.start(i + 1);
      const bool read = reader.read(from.rows[i], end - to, [&](const char* data, size_t size) {
        const uint32_t n = in.words.find(data, size);
        *to++ = static_cast<Number>(n == Words::kNone ? f.unknown : in.values[n]);
      });
      if (!read) good = false;
      std::fill(to, end, static_cast<Number>(f.pad));
    }
  });
  return good;
}

// fill(table, texts, standard, split, widths, threads, out, starts or None, width, unknown, pad):
// the numbers of the tokens of each text in its row of out, cut or filled up; False if some is no UTF-8.
PyObject* fill(PyObject*, PyObject* args) {
  PyObject *words, *capsule, *widths, *array, *offsets;
  int standard, split, threads;
  Py_ssize_t width;
  long long unknown, pad;
  if (!PyArg_ParseTuple(args, "OOiiO!iOOnLL", &words, &capsule, &standard, &split, &PyTuple_Type,
                        &widths, &threads, &array, &offsets, &width, &unknown, &pad)) {
    return nullptr;
  }
  return guarded([&]() -> PyObject* {
    Style style;
    View out, starts;
    const Table* in = taken<Table>(words);
    const Texts* from = in ? taken<Texts>(capsule) : nullptr;
    if (!from || !style_of(standard, split, widths, &style) || !out.get(array, true)) return nullptr;
    if (offsets != Py_None && !starts.get(offsets, false)) return nullptr;
    const size_t rows = from->rows.size();
    Filling f{unknown, pad, nullptr, static_cast<size_t>(width)};
    if (offsets != Py_None) {
      f.starts = starts.as<int64_t>();
      if (starts.item() != 8 || starts.count() != rows + 1 || f.starts[0] != 0 ||
          !std::is_sorted(f.starts, f.starts + rows + 1)) {
        return wrong("expected where rows start, and the end, as int64");
      }
    }
    if (width < 0 || f.start(rows) != out.count() || (out.item() != 4 && out.item() != 8)) {
      return wrong("the array does not have the size of the rows");
    }
    bool good = true;
    freely([&] {
      good = out.item() == 4 ? fill_rows(*from, *in, style, f, threads, out.as<int32_t>())
                             : fill_rows(*from, *in, style, f, threads, out.as<int64_t>());
    });
    return PyBool_FromLong(good);
  });
}

// --- counts ---------------------------------------------------------------------------------------

PyObject* counts(PyObject*, PyObject*) {
  return guarded([] { return give(std::make_unique<Counts>()); });
}

// count(counts, texts, standard, split, widths, threads): counts tokens, each text being a document.
// False if some is no UTF-8: then nothing has been counted.
PyObject* count(PyObject*, PyObject* args) {
  PyObject *into, *capsule, *widths;
  int standard, split, threads;
  if (!PyArg_ParseTuple(args, "OOiiO!i", &into, &capsule, &standard, &split, &PyTuple_Type, &widths,
                        &threads)) {
    return nullptr;
  }
  return guarded([&]() -> PyObject* {
    Style style;
    Counts* all = taken<Counts>(into);
    const Texts* from = all ? taken<Texts>(capsule) : nullptr;
    if (!from || !style_of(standard, split, widths, &style)) return nullptr;
    std::atomic<bool> good{true};
    freely([&] {
      const int used = from->threads(threads);
      std::vector<Counts> parts(static_cast<size_t>(used));
      share(from->rows.size(), used, [&](int thread, size_t first, size_t last) {
        Reader reader(style);
        Counts& mine = parts[static_cast<size_t>(thread)];
        for (size_t i = first; i < last; ++i) {
          ++mine.document;
          if (!reader.read(from->rows[i], std::numeric_limits<int64_t>::max(),
                           [&](const char* data, size_t size) { mine.see(data, size); })) {
            good = false;
          }
        }
      });
      if (!good) return;
      std::lock_guard<std::mutex> held(all->lock);
      for (const Counts& part : parts) all->take(part);
    });
    return PyBool_FromLong(good);
  });
}

// Numbers of words by their counts, equally frequent ones from z to a; the first `most`.
std::vector<uint32_t> order(const Counts& of, size_t most) {
  std::vector<uint32_t> numbers(of.words.count());
  for (uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
  const auto before = [&](uint32_t a, uint32_t b) {
    if (of.times[a] != of.times[b]) return of.times[a] > of.times[b];
    const Slice x = of.words.word(a), y = of.words.word(b);
    const int sign = std::memcmp(x.data, y.data, std::min(x.size, y.size));
    return sign != 0 ? sign > 0 : x.size > y.size;
  };
  if (most < numbers.size()) {
    std::nth_element(numbers.begin(), numbers.begin() + static_cast<ptrdiff_t>(most), numbers.end(), before);
    numbers.resize(most);
  }
  std::sort(numbers.begin(), numbers.end(), before);
  return numbers;
}

PyObject* listed(const std::vector<uint32_t>& numbers, Counts& of) {
  // Nobody who has this lock waits for the interpreter's.
  std::lock_guard<std::mutex> held(of.lock);
  const auto size = static_cast<Py_ssize_t>(numbers.size());
  PyObject* made = PyList_New(size);
  for (Py_ssize_t i = 0; made != nullptr && i < size; ++i) {
    const uint32_t n = numbers[static_cast<size_t>(i)];
    const Slice w = of.words.word(n);
    PyObject* item = Py_BuildValue("(y#LL)", w.data, static_cast<Py_ssize_t>(w.size),
                                   static_cast<long long>(of.times[n]),
                                   static_cast<long long>(of.documents[n]));
    if (item == nullptr) {
      Py_CLEAR(made);
    } else {
      PyList_SET_ITEM(made, i, item);
    }
  }
  return made;
}

// ranked(counts, most): (word, how often, in how many documents) of the most frequent words.
PyObject* ranked(PyObject*, PyObject* args) {
  PyObject* capsule;
  Py_ssize_t most;
  if (!PyArg_ParseTuple(args, "On", &capsule, &most)) return nullptr;
  return guarded([&]() -> PyObject* {
    Counts* of = taken<Counts>(capsule);
    if (!of) return nullptr;
    std::vector<uint32_t> numbers;
    freely([&] {
      std::lock_guard<std::mutex> held(of->lock);
      numbers = order(*of, static_cast<size_t>(std::max<Py_ssize_t>(most, 0)));
    });
    return listed(numbers, *of);
  });
}

PyMethodDef kMethods[] = {
    {"texts", texts, METH_O, "The bytes of a list of strings."},
    {"sizes", sizes, METH_VARARGS, "How many tokens texts have."},
    {"table", table, METH_VARARGS, "A table of words and numbers."},
    {"fill", fill, METH_VARARGS, "The numbers of the tokens of texts."},
    {"counts", counts, METH_NOARGS, "Counts of words, none yet."},
    {"count", count, METH_VARARGS, "Count the tokens of texts."},
    {"ranked", ranked, METH_VARARGS, "The most frequent words with their counts."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef kModule = {PyModuleDef_HEAD_INIT, "_text", "Words of texts, by threads.", -1, kMethods,
                       nullptr, nullptr, nullptr, nullptr};

}  // namespace
}  // namespace kerata::text

PyMODINIT_FUNC PyInit__text() { return PyModule_Create(&kerata::text::kModule); }
