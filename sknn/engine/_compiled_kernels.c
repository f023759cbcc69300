/* Compiled kernels of a training step: calls bound to arrays, as sknn/engine/_compiled.py uses them.
 *
 * A bound call holds the buffers of its arrays, so that their memory stays valid, and runs one
 * kernel on them. Kernels know nothing of Python; long ones run without the global lock.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Compare with VERSION in sknn/engine/_compiled.py. */
#define KERNELS_VERSION 2

#define MAX_ARRAYS 6
#define MAX_CONSTANTS 3

/* Numbers in a call of axpy: MAX_BLAS_SIZE of sknn/engine/_linalg.py, so that bits are the same. */
#define AXPY_SIZE 8192

/* Kernels on at least so many numbers release the global lock. */
#define MIN_UNLOCKED_SIZE 8192

/* Results would depend on the compiler, not only on the order of the operations. */
#if defined(__FAST_MATH__) || defined(_M_FP_FAST)
#error "The kernels cannot be compiled with -ffast-math, -Ofast or /fp:fast."
#elif defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ % 16 /* 16 is about half precision */
#error "The kernels need arithmetic without excess precision, such as -msse2 -mfpmath=sse."
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

/* Compile for several processors, and choose when the module is loaded. */
#if !defined(__x86_64__) || !defined(__GLIBC__) || !defined(__GNUC__) || defined(__clang__)
#define CLONES
#elif __GNUC__ < 12 /* it cannot choose by the level of x86-64 */
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#endif

/* The passes of a loop do not depend on each other. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#elif defined(_MSC_VER)
#define INDEPENDENT __pragma(loop(ivdep))
#else
#define INDEPENDENT
#endif

typedef struct Bound Bound;
typedef void (*Kernel)(const Bound *, double);

struct Bound {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    Kernel kernel;
    int n_arguments;
    int n_buffers;
    Py_buffer buffers[MAX_ARRAYS];
    void *arrays[MAX_ARRAYS];
    double constants[MAX_CONSTANTS];
    Py_ssize_t size, n_members, n_rows, n_columns; /* size = n_rows n_columns, all members' rows */
    Py_ssize_t row_stride; /* bytes between the rows of two members */
    Py_ssize_t scale_step; /* 1 if each row has a scale of its own, 0 if there is one */
};

typedef void (*AxpyFloat)(int *, float *, float *, int *, float *, int *);
typedef void (*AxpyDouble)(int *, double *, double *, int *, double *, int *);
static AxpyFloat axpy_float;
static AxpyDouble axpy_double;

#define REAL float
#define ROOT sqrtf
#define AXPY axpy_float
#define NAME(name) name##_float
#include "_compiled_kernels.h"
#undef REAL
#undef ROOT
#undef AXPY
#undef NAME
#define REAL double
#define ROOT sqrt
#define AXPY axpy_double
#define NAME(name) name##_double
#include "_compiled_kernels.h"

/* The shapes of the arrays, a letter each; a capital letter if the kernel writes it:
 *   e  (..., n, k), of which the first array gives the size
 *   p  (n,), parameters: NumPy's steps use axpy for vectors only
 *   v  (..., n), a number for each row
 *   s  one number, or one for each row
 *   r  (k,), or (g, k) for g members, whose rows need not follow each other
 */
typedef struct {
    const char *name, *shapes;
    int n_constants, n_arguments;
    Kernel of_float, of_double;
} Entry;

#define ENTRY(name, shapes, n_constants, n_arguments) \
    {#name, shapes, n_constants, n_arguments, name##_float, name##_double}

static const Entry ENTRIES[] = {
    ENTRY(adam, "PpPP", 3, 1),
    ENTRY(sgd, "PpP", 1, 1),
    ENTRY(sgd_nesterov, "PpP", 1, 1),
    ENTRY(add_rows, "Er", 0, 0),
    ENTRY(relu, "eE", 0, 0),
    ENTRY(relu_backward, "eeE", 0, 0),
    ENTRY(silu, "eE", 0, 0),
    ENTRY(silu_backward, "eeeE", 0, 0),
    ENTRY(nll, "eeEEs", 0, 0),
    ENTRY(nllm_shift, "eeEE", 1, 0),
    ENTRY(nllm, "EevvVs", 0, 0),
    ENTRY(squared_error, "eeEEs", 0, 0),
};

static void bound_dealloc(Bound *self)
{
    for (int i = 0; i < self->n_buffers; i++)
        PyBuffer_Release(&self->buffers[i]);
    PyObject_Free(self);
}

static PyObject *bound_call(Bound *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    double argument = 0;
    if (PyVectorcall_NARGS(nargsf) != self->n_arguments || (kwnames && PyTuple_GET_SIZE(kwnames)))
        return PyErr_Format(PyExc_TypeError, "takes %d arguments", self->n_arguments);
    if (self->n_arguments) {
        argument = PyFloat_AsDouble(args[0]);
        if (argument == -1 && PyErr_Occurred())
            return NULL;
    }
    if (self->size < MIN_UNLOCKED_SIZE) {
        self->kernel(self, argument);
    } else {
        Py_BEGIN_ALLOW_THREADS
        self->kernel(self, argument);
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}

static PyTypeObject BoundType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "sknn.engine._compiled_kernels.Bound",
    .tp_doc = "A kernel that is bound to arrays.",
    .tp_basicsize = sizeof(Bound),
    .tp_dealloc = (destructor)bound_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(Bound, vectorcall),
    .tp_call = PyVectorcall_Call,
};

/* Return the number of numbers in a buffer of this type, or -1 if it has another type. */
static Py_ssize_t count_of(const Py_buffer *buffer, char type)
{
    int is_type = buffer->format && buffer->format[0] == type && !buffer->format[1];
    if (!is_type || (uintptr_t)buffer->buf % (uintptr_t)buffer->itemsize)
        return -1;
    return buffer->len / buffer->itemsize;
}

/* Take the sizes from the first array, of shape (..., n, k) or (n,). */
static int take_sizes(Bound *self, const Py_buffer *first)
{
    int ndim = first->ndim;
    if (ndim < 1 || ndim > 3)
        return 0;
    self->n_columns = ndim > 1 ? first->shape[ndim - 1] : 1;
    self->n_members = ndim > 2 ? first->shape[0] : 1;
    self->size = first->len / first->itemsize;
    if (self->size < 1)
        return 0;
    self->n_rows = self->size / self->n_columns;
    return 1;
}

/* Return whether an array has the shape of its letter. */
static int fits(Bound *self, const Py_buffer *buffer, char shape, char type)
{
    Py_ssize_t count = count_of(buffer, type);
    switch (shape) {
    case 'e':
        return count == self->size;
    case 'p':
        return count == self->size && buffer->ndim == 1;
    case 'v':
        return count == self->n_rows;
    case 's':
        self->scale_step = count == 1 ? 0 : 1;
        return count == 1 || count == self->n_rows;
    case 'r':
        if (count != self->n_members * self->n_columns || buffer->ndim < 1 || buffer->ndim > 2 ||
            buffer->shape[buffer->ndim - 1] != self->n_columns ||
            buffer->strides[buffer->ndim - 1] != buffer->itemsize)
            return 0;
        self->row_stride = buffer->ndim == 2 ? buffer->strides[0] : 0;
        return (buffer->ndim == 2 ? buffer->shape[0] : 1) == self->n_members;
    }
    return 0;
}

/* Hold an array's buffer, if it has the shape and type that the kernel needs. */
static int hold(Bound *self, PyObject *array, char letter, char *type)
{
    char shape = (char)(letter | 0x20);
    int flags = shape == 'r' ? PyBUF_STRIDES : PyBUF_C_CONTIGUOUS;
    Py_buffer *buffer = &self->buffers[self->n_buffers];
    flags |= PyBUF_FORMAT | (letter == shape ? 0 : PyBUF_WRITABLE);
    if (PyObject_GetBuffer(array, buffer, flags)) {
        PyErr_Clear();
        return 0;
    }
    if (!self->n_buffers) {
        *type = buffer->format ? buffer->format[0] : 0;
        if ((*type != 'f' && *type != 'd') || !take_sizes(self, buffer)) {
            PyBuffer_Release(buffer);
            return 0;
        }
    }
    self->arrays[self->n_buffers++] = buffer->buf;
    return fits(self, buffer, shape, *type);
}

static const Entry *entry_of(const char *name)
{
    for (size_t i = 0; i < sizeof ENTRIES / sizeof *ENTRIES; i++)
        if (!strcmp(ENTRIES[i].name, name))
            return &ENTRIES[i];
    PyErr_Format(PyExc_ValueError, "there is no kernel %s", name);
    return NULL;
}

PyDoc_STRVAR(bind_doc, "bind(name, arrays, constants)\n--\n\n"
    "Return a call of a kernel on these arrays; None if their types or layouts do not suit it.");

static PyObject *bind(PyObject *module, PyObject *args)
{
    const char *name;
    PyObject *arrays, *constants;
    char type = 0;
    if (!PyArg_ParseTuple(args, "sO!O!", &name, &PyTuple_Type, &arrays, &PyTuple_Type, &constants))
        return NULL;
    const Entry *entry = entry_of(name);
    if (!entry)
        return NULL;
    if (PyTuple_GET_SIZE(arrays) != (Py_ssize_t)strlen(entry->shapes) ||
        PyTuple_GET_SIZE(constants) != entry->n_constants)
        return PyErr_Format(PyExc_ValueError, "%s needs %zu arrays and %d constants", name,
                            strlen(entry->shapes), entry->n_constants);
    Bound *self = PyObject_New(Bound, &BoundType);
    if (!self)
        return NULL;
    self->vectorcall = (vectorcallfunc)bound_call;
    self->n_buffers = 0;
    self->n_arguments = entry->n_arguments;
    self->scale_step = self->row_stride = 0;
    for (int i = 0; i < entry->n_constants; i++) {
        self->constants[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(constants, i));
        if (self->constants[i] == -1 && PyErr_Occurred()) {
            Py_DECREF(self);
            return NULL;
        }
    }
    for (int i = 0; entry->shapes[i]; i++) {
        if (!hold(self, PyTuple_GET_ITEM(arrays, i), entry->shapes[i], &type)) {
            Py_DECREF(self);
            Py_RETURN_NONE;
        }
    }
    self->kernel = type == 'f' ? entry->of_float : entry->of_double;
    return (PyObject *)self;
}

/* Return a routine of SciPy's BLAS, in whose interface for Cython integers have 32 bits, or NULL. */
static void *blas_routine(PyObject *capsules, const char *name)
{
    PyObject *capsule = PyMapping_GetItemString(capsules, name);
    const char *signature = capsule ? PyCapsule_GetName(capsule) : NULL;
    void *routine = NULL;
    if (signature && !strncmp(signature, "void (int *, ", 13))
        routine = PyCapsule_GetPointer(capsule, signature);
    Py_XDECREF(capsule); /* the module keeps it */
    return routine;
}

static int load_blas(void)
{
    PyObject *module = PyImport_ImportModule("scipy.linalg.cython_blas");
    PyObject *capsules = module ? PyObject_GetAttrString(module, "__pyx_capi__") : NULL;
    axpy_float = capsules ? (AxpyFloat)blas_routine(capsules, "saxpy") : NULL;
    axpy_double = axpy_float ? (AxpyDouble)blas_routine(capsules, "daxpy") : NULL;
    Py_XDECREF(capsules);
    Py_XDECREF(module);
    if (axpy_double)
        return 0;
    /* Whatever the cause was: the package then does without the kernels. */
    PyErr_SetString(PyExc_ImportError, "SciPy's saxpy and daxpy have another interface");
    return -1;
}

static int execute(PyObject *module)
{
    if (load_blas() || PyType_Ready(&BoundType))
        return -1;
    return PyModule_AddIntConstant(module, "VERSION", KERNELS_VERSION);
}

static PyMethodDef METHODS[] = {
    {"bind", bind, METH_VARARGS, bind_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {
    {Py_mod_exec, execute},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "sknn.engine._compiled_kernels",
    .m_doc = "Compiled kernels of a training step.",
    .m_methods = METHODS,
    .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__compiled_kernels(void)
{
    return PyModuleDef_Init(&MODULE);
}
