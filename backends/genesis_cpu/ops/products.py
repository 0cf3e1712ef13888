"""Products of a matrix with a vector by two threads, of which none waits for another.

The first thread does the rows of a product from the top, in chunks; the second, if it
is awake, from the bottom. Where they meet the product is done: rows that the second
one has finished are copied, and a chunk it is still at is done once more. So the
second thread may be late, asleep or stopped by the system at any moment, and the
first never is. Which of them does a chunk changes no bit of it.

A ticket is a number that only grows; its remainder by the number of products says
which product it stands for. A chunk of the second thread counts if its ticket is that
of the product. One that has fallen behind may read a vector while it is replaced, but
then nobody looks at what it makes of it.
"""

import numpy as np

from ..atomics import load_acquire, pause, store_release, yield_processor
from ..compiling import kernel
from ..groups import GROUP
from ..products import (
    CHUNK,
    CHUNK_BITS,
    COLUMNS,
    ENDED,
    FACTOR,
    PARKED,
    PLACE,
    ROWS,
    START,
)
from .products_by_group import multiply_rows, quantize_vector
from .products_by_row import product

# So often the second thread looks for work at once, about as long as lies between two
# products, and then so often when no one else wants the processor, for longer than
# lies between two tokens. It must not take time from the first thread.
EAGER, PATIENCE = 1_000, 12_000
CHUNKS = (1 << CHUNK_BITS) - 1


@kernel
def multiply(matrices, products, number, x, y):
    """y = W x for one of the products of a token.

    Args:
        matrices: large weights, float32 or codes.
        products: `products.Products`.
        number: which product; they come in the order of their numbers.
        x: vector [columns].
        y: filled [rows].
    """
    job, factors = products.jobs[number], products.factors
    rows, chunk = job[ROWS], job[CHUNK]
    words = products.words
    if words.shape[0] == 0 or rows <= 2 * chunk:
        codes, sums = _room(factors, job)
        _prepare(factors, x, codes, sums)
        _some_rows(matrices, factors, job, 0, rows, x, codes, sums, y)
        return
    count = products.jobs.shape[0]
    last = words[PLACE] >> CHUNK_BITS
    turn = last // count + (1 if number <= last % count else 0)
    ticket = turn * count + number
    vector, codes, sums = _shared(products, job)
    if factors is None:
        for c in range(vector.shape[0]):
            vector[c] = x[c]
    _prepare(factors, x, codes, sums)
    chunks = (rows + chunk - 1) // chunk
    for c in range(chunks):
        store_release(words, PLACE, (ticket << CHUNK_BITS) + c)
        first = _place(c, chunks) * chunk
        end = min(first + chunk, rows)
        if load_acquire(products.done, c) == ticket:
            for r in range(first, end):
                y[r] = products.results[r]
        else:
            _some_rows(matrices, factors, job, first, end, vector, codes, sums, y)


@kernel
def assist(matrices, products):
    """Do the second thread's part until there has been nothing to do for a while."""
    words, done, factors = products.words, products.done, products.factors
    last, idle = np.int64(0), 0
    while idle < PATIENCE and load_acquire(words, ENDED) == 0:
        place = load_acquire(words, PLACE)
        ticket = place >> CHUNK_BITS
        if ticket == last:
            idle += 1
            if idle < EAGER:
                pause()
            else:
                yield_processor()
            continue
        last, idle = ticket, 0
        job = products.jobs[ticket % products.jobs.shape[0]]
        rows, chunk = job[ROWS], job[CHUNK]
        vector, codes, sums = _shared(products, job)
        chunks = (rows + chunk - 1) // chunk
        c = chunks - 1
        while place >> CHUNK_BITS == ticket and c > place & CHUNKS:
            first = _place(c, chunks) * chunk
            end = min(first + chunk, rows)
            _some_rows(
                matrices,
                factors,
                job,
                first,
                end,
                vector,
                codes,
                sums,
                products.results,
            )
            store_release(done, c, ticket)
            c -= 1
            place = load_acquire(words, PLACE)
    store_release(words, PARKED, 1)


@kernel
def _place(number, chunks):
    """Where a chunk lies: the first half in order, the second in reverse.

    So both threads, one of which takes them from the last on, read memory forwards.
    """
    half = chunks // 2
    return number if number < half else chunks - 1 + half - number


@kernel
def _shared(products, job):
    """What both threads read of a product: its vector, or the codes and sums of it."""
    columns = job[COLUMNS]
    groups = (columns + GROUP - 1) // GROUP
    return (
        products.vector[:columns],
        products.codes[: groups * GROUP],
        products.sums[: groups + 1],
    )


@kernel
def _room(factors, job):
    """Room for the codes and sums of a product's vector, where weights are codes."""
    groups = 0 if factors is None else (job[COLUMNS] + GROUP - 1) // GROUP
    return np.empty(groups * GROUP, np.int16), np.empty(groups + 1, np.float32)


@kernel
def _prepare(factors, x, codes, sums):
    # Known when this is compiled: what a model has not costs nothing.
    if factors is not None:
        quantize_vector(x, codes, sums)


@kernel
def _some_rows(matrices, factors, job, first, end, x, codes, sums, y):
    start, columns = job[START], job[COLUMNS]
    if factors is None:
        start += first * columns
        product(matrices, start, end - first, columns, x, y[first:end])
    else:
        factor = job[FACTOR]
        multiply_rows(matrices, start, factors, factor, first, end, codes, sums, y)
