// The Python module kerata.kernels._calls: the base class of ops (see ops/_define.py), whose calls
// cost little where there is nothing to look into. The same is there in Python.

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

namespace {

// Types that have to be looked at (a dict with them as keys); set once, by `look_at`.
PyObject* watched = nullptr;

struct Caller {
  PyObject_HEAD
  PyObject* native;  // the engine's function, or None
};

// Whether an argument is of such a type or a list of those: 1 or 0, below 0 for an error.
int is_watched(PyObject* x) {
  if (PyList_CheckExact(x) || PyTuple_CheckExact(x)) {
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(x);
    for (Py_ssize_t i = 0; i < count; ++i) {
      const int found = PyDict_Contains(
          watched, reinterpret_cast<PyObject*>(Py_TYPE(PySequence_Fast_GET_ITEM(x, i))));
      if (found) return found;
    }
    return 0;
  }
  return PyDict_Contains(watched, reinterpret_cast<PyObject*>(Py_TYPE(x)));
}

int any_watched(PyObject* args, PyObject* kwargs) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i)
    if (const int found = is_watched(PyTuple_GET_ITEM(args, i))) return found;
  Py_ssize_t at = 0;
  PyObject* value = nullptr;
  while (kwargs != nullptr && PyDict_Next(kwargs, &at, nullptr, &value))
    if (const int found = is_watched(value)) return found;
  return 0;
}

// self.name(first, args, kwargs), without `first` where it is null.
PyObject* handed_on(PyObject* self, const char* name, PyObject* first, PyObject* args,
                    PyObject* kwargs) {
  PyObject* named = kwargs != nullptr ? Py_NewRef(kwargs) : PyDict_New();
  if (named == nullptr) return nullptr;
  PyObject* out = first != nullptr ? PyObject_CallMethod(self, name, "OOO", first, args, named)
                                   : PyObject_CallMethod(self, name, "OO", args, named);
  Py_DECREF(named);
  return out;
}

PyObject* call(PyObject* self, PyObject* args, PyObject* kwargs) {
  PyObject* native = reinterpret_cast<Caller*>(self)->native;
  const int found = watched == nullptr || native == nullptr || native == Py_None
                        ? 1
                        : any_watched(args, kwargs);
  if (found < 0) return nullptr;
  if (found) return handed_on(self, "_call", nullptr, args, kwargs);
  Py_INCREF(native);
  PyObject* out = PyObject_Call(native, args, kwargs);
  Py_DECREF(native);
  if (out != nullptr || !PyErr_ExceptionMatches(PyExc_Exception)) return out;
  PyObject *type, *error, *trace;
  PyErr_Fetch(&type, &error, &trace);
  PyErr_NormalizeException(&type, &error, &trace);
  if (trace != nullptr) PyException_SetTraceback(error, trace);
  out = handed_on(self, "_recover", error, args, kwargs);
  Py_XDECREF(type);
  Py_XDECREF(error);
  Py_XDECREF(trace);
  return out;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(reinterpret_cast<Caller*>(self)->native);
  Py_VISIT(Py_TYPE(self));
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(reinterpret_cast<Caller*>(self)->native);
  return 0;
}

void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* look_at(PyObject*, PyObject* types) {
  if (!PyDict_Check(types)) {
    PyErr_SetString(PyExc_TypeError, "look_at: expected a dict with types as keys");
    return nullptr;
  }
  Py_XSETREF(watched, Py_NewRef(types));
  Py_RETURN_NONE;
}

PyMemberDef members[] = {
    {"native", T_OBJECT, offsetof(Caller, native), 0, "The engine's function, or None."},
    {nullptr, 0, 0, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_call, reinterpret_cast<void*>(call)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_members, members},
    {0, nullptr},
};
PyType_Spec caller = {"kerata.kernels._calls.Caller", sizeof(Caller), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
PyMethodDef methods[] = {
    {"look_at", look_at, METH_O, "Say which types of arguments have to be looked at."},
    {nullptr, nullptr, 0, nullptr},
};
PyModuleDef module = {PyModuleDef_HEAD_INIT, "_calls", nullptr, -1, methods,
                      nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__calls() {
  PyObject* made = PyModule_Create(&module);
  if (made == nullptr) return nullptr;
  PyObject* type = PyType_FromSpec(&caller);
  if (type == nullptr || PyModule_AddObjectRef(made, "Caller", type) < 0) {
    Py_XDECREF(type);
    Py_DECREF(made);
    return nullptr;
  }
  Py_DECREF(type);
  return made;
}
