/* The kernels in one floating type: REAL, ROOT and AXPY are defined by the file that includes this.
 *
 * Each sum, product, quotient and root is rounded once, in the order of the NumPy calls that a
 * kernel replaces, so that the results have the same bits. The compiler must not contract a product
 * and a sum (-ffp-contract=off). An array that is written may be one that is read: elements do not
 * depend on each other.
 */

/* Adam before the step: update the moments, and write their ratio. */
CLONES static void NAME(adam_ratio)(Py_ssize_t n, REAL beta_1, REAL beta_2, REAL epsilon,
                                    const REAL *g, REAL *first, REAL *second, REAL *ratio)
{
    INDEPENDENT
    for (Py_ssize_t i = 0; i < n; i++) {
        REAL gradient = g[i], square = gradient * gradient;
        REAL sum = first[i] * beta_1, sum_of_squares = second[i] * beta_2;
        sum = sum + gradient;
        sum_of_squares = sum_of_squares + square;
        first[i] = sum;
        second[i] = sum_of_squares;
        REAL root = ROOT(sum_of_squares);
        root = root + epsilon;
        ratio[i] = sum / root;
    }
}

/* w, g, first, second: a step of Adam; the argument is minus the corrected rate. */
static void NAME(adam)(const Bound *call, double rate)
{
    REAL *w = call->arrays[0], *first = call->arrays[2], *second = call->arrays[3];
    const REAL *g = call->arrays[1];
    const double *constants = call->constants;
    REAL ratio[AXPY_SIZE], factor = (REAL)rate;
    int stride = 1;
    for (Py_ssize_t i = 0; i < call->size; i += AXPY_SIZE) {
        int n = (int)(call->size - i < AXPY_SIZE ? call->size - i : AXPY_SIZE);
        NAME(adam_ratio)(n, (REAL)constants[0], (REAL)constants[1], (REAL)constants[2],
                         g + i, first + i, second + i, ratio);
        AXPY(&n, &factor, ratio, &stride, w + i, &stride);
    }
}

CLONES static void NAME(scale)(Py_ssize_t n, REAL factor, REAL *a)
{
    INDEPENDENT
    for (Py_ssize_t i = 0; i < n; i++)
        a[i] = a[i] * factor;
}

CLONES static void NAME(add)(Py_ssize_t n, REAL *a, const REAL *b)
{
    INDEPENDENT
    for (Py_ssize_t i = 0; i < n; i++)
        a[i] = a[i] + b[i];
}

/* w, g, velocity: a step with momentum, Nesterov's or not; the argument is minus the rate. */
static void NAME(sgd_step)(const Bound *call, double rate, int nesterov)
{
    REAL *w = call->arrays[0], *g = call->arrays[1], *velocity = call->arrays[2];
    REAL momentum = (REAL)call->constants[0], factor = (REAL)rate;
    int stride = 1;
    for (Py_ssize_t i = 0; i < call->size; i += AXPY_SIZE) {
        int n = (int)(call->size - i < AXPY_SIZE ? call->size - i : AXPY_SIZE);
        NAME(scale)(n, momentum, velocity + i);
        AXPY(&n, &factor, g + i, &stride, velocity + i, &stride);
        if (nesterov) {
            AXPY(&n, &momentum, velocity + i, &stride, w + i, &stride);
            AXPY(&n, &factor, g + i, &stride, w + i, &stride);
        } else {
            NAME(add)(n, w + i, velocity + i);
        }
    }
}

static void NAME(sgd)(const Bound *call, double rate)
{
    NAME(sgd_step)(call, rate, 0);
}

static void NAME(sgd_nesterov)(const Bound *call, double rate)
{
    NAME(sgd_step)(call, rate, 1);
}

CLONES static void NAME(add_row)(Py_ssize_t n, Py_ssize_t k, REAL *a, const REAL *row)
{
    for (Py_ssize_t i = 0; i < n; i++, a += k) {
        INDEPENDENT
        for (Py_ssize_t j = 0; j < k; j++)
            a[j] = a[j] + row[j];
    }
}

/* a, row: add the row, or the row of each member, to the rows of a. */
static void NAME(add_rows)(const Bound *call, double unused)
{
    Py_ssize_t n = call->n_rows / call->n_members;
    for (Py_ssize_t member = 0; member < call->n_members; member++)
        NAME(add_row)(n, call->n_columns, (REAL *)call->arrays[0] + member * n * call->n_columns,
                      (const REAL *)((const char *)call->arrays[1] + member * call->row_stride));
}

/* u, v: v = max(0, u); NaN stays NaN. */
CLONES static void NAME(relu)(const Bound *call, double unused)
{
    const REAL *u = call->arrays[0];
    REAL *v = call->arrays[1];
    INDEPENDENT
    for (Py_ssize_t i = 0; i < call->size; i++)
        v[i] = u[i] <= 0 ? (REAL)0 : u[i];
}

/* v, dv, du: du = dv (v > 0). */
CLONES static void NAME(relu_backward)(const Bound *call, double unused)
{
    const REAL *v = call->arrays[0], *dv = call->arrays[1];
    REAL *du = call->arrays[2];
    INDEPENDENT
    for (Py_ssize_t i = 0; i < call->size; i++)
        du[i] = dv[i] * (v[i] > 0 ? (REAL)1 : (REAL)0);
}

/* u, v: v = u (1 + v) / 2, where v was tanh(u / 2). */
CLONES static void NAME(silu)(const Bound *call, double unused)
{
    const REAL *u = call->arrays[0];
    REAL *v = call->arrays[1];
    INDEPENDENT
    for (Py_ssize_t i = 0; i < call->size; i++) {
        REAL twice = v[i] + (REAL)1;
        REAL sigmoid = twice * (REAL)0.5;
        v[i] = sigmoid * u[i];
    }
}

/* u, v, dv, du: du = dv (s + v (1 - s)) with s = v / u, which is 1/2 at 0. */
CLONES static void NAME(silu_backward)(const Bound *call, double unused)
{
    const REAL *u = call->arrays[0], *v = call->arrays[1], *dv = call->arrays[2];
    REAL *du = call->arrays[3];
    INDEPENDENT
    for (Py_ssize_t i = 0; i < call->size; i++) {
        REAL ratio = v[i] / u[i];
        REAL sigmoid = u[i] == 0 ? (REAL)0.5 : ratio;
        REAL slope = (REAL)1 - sigmoid;
        slope = slope * v[i];
        slope = slope + sigmoid;
        du[i] = slope * dv[i];
    }
}

/* z, y, a, dZ, scale: a = a + (max(0, z) - y z), where a was log(1 + exp(-|z|)), and
 * dZ = (dZ - y) scale, where dZ was sigmoid(z). */
CLONES static void NAME(nll)(const Bound *call, double unused)
{
    const REAL *z = call->arrays[0], *y = call->arrays[1], *scale = call->arrays[4];
    REAL *a = call->arrays[2], *dZ = call->arrays[3];
    for (Py_ssize_t i = 0; i < call->n_rows; i++) {
        REAL factor = scale[i * call->scale_step];
        INDEPENDENT
        for (Py_ssize_t j = i * call->n_columns; j < (i + 1) * call->n_columns; j++) {
            REAL positive = z[j] <= 0 ? (REAL)0 : z[j];
            REAL product = y[j] * z[j];
            positive = positive - product;
            a[j] = a[j] + positive;
            REAL difference = dZ[j] - y[j];
            dZ[j] = difference * factor;
        }
    }
}

/* z, y, dZ, product: dZ = z - max z of the row, at least the lowest number; product = dZ y. */
CLONES static void NAME(nllm_shift)(const Bound *call, double unused)
{
    const REAL *z = call->arrays[0], *y = call->arrays[1];
    REAL *dZ = call->arrays[2], *product = call->arrays[3], lowest = (REAL)call->constants[0];
    Py_ssize_t k = call->n_columns;
    for (Py_ssize_t i = 0; i < call->n_rows; i++, z += k, y += k, dZ += k, product += k) {
        REAL largest = z[0];
        for (Py_ssize_t j = 1; j < k; j++)
            largest = z[j] > largest ? z[j] : largest; /* a NaN is in the sum anyway */
        INDEPENDENT
        for (Py_ssize_t j = 0; j < k; j++) {
            REAL shifted = z[j] - largest;
            shifted = shifted < lowest ? lowest : shifted;
            dZ[j] = shifted;
            product[j] = shifted * y[j];
        }
    }
}

/* dZ, y, total, yz, losses, scale: losses = losses - yz, and dZ = (dZ / total - y) scale. */
CLONES static void NAME(nllm)(const Bound *call, double unused)
{
    REAL *dZ = call->arrays[0], *losses = call->arrays[4];
    const REAL *y = call->arrays[1], *total = call->arrays[2], *yz = call->arrays[3];
    const REAL *scale = call->arrays[5];
    Py_ssize_t k = call->n_columns;
    for (Py_ssize_t i = 0; i < call->n_rows; i++, dZ += k, y += k) {
        REAL sum = total[i], factor = scale[i * call->scale_step];
        losses[i] = losses[i] - yz[i];
        INDEPENDENT
        for (Py_ssize_t j = 0; j < k; j++) {
            REAL probability = dZ[j] / sum;
            REAL difference = probability - y[j];
            dZ[j] = difference * factor;
        }
    }
}

/* z, y, dZ, squares, scale: squares = (z - y)^2, and dZ = (z - y) scale. */
CLONES static void NAME(squared_error)(const Bound *call, double unused)
{
    const REAL *z = call->arrays[0], *y = call->arrays[1], *scale = call->arrays[4];
    REAL *dZ = call->arrays[2], *squares = call->arrays[3];
    for (Py_ssize_t i = 0; i < call->n_rows; i++) {
        REAL factor = scale[i * call->scale_step];
        INDEPENDENT
        for (Py_ssize_t j = i * call->n_columns; j < (i + 1) * call->n_columns; j++) {
            REAL difference = z[j] - y[j];
            squares[j] = difference * difference;
            dZ[j] = difference * factor;
        }
    }
}
