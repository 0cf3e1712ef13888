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
    PARKED,
    PLACE,
    ROWS,
    SCALE,
    START,
)
from .products_by_group import group_sums, grouped_product
from .products_by_row import product

# So often the second thread looks for work at once, about as long as lies between two
# products, and then so often when no one else wants the processor, for longer than
# lies between two tokens. It must not take time from the first thread.
EAGER, PATIENCE = 1_000, 12_000
CHUNKS = (1 << CHUNK_BITS) - 1


@kernel
def multiply(matrices, small, products, number, x, y):
    """y = W x for one of the products of a token.

    Args:
        matrices: large weights, float32 or int8.
        small: everything else, float32.
        products: `products.Products`.
        number: which product; they come in the order of their numbers.
        x: vector [columns].
        y: filled [rows].
    """
    job, groups = products.jobs[number], products.groups
    rows, columns, chunk = job[ROWS], job[COLUMNS], job[CHUNK]
    words, vector = products.words, products.vector
    sums = group_sums(groups, x)
    if words.shape[0] == 0 or rows <= 2 * chunk:
        _some_rows(matrices, small, groups, job, 0, rows, x, sums, y)
        return
    count = products.jobs.shape[0]
    last = words[PLACE] >> CHUNK_BITS
    turn = last // count + (1 if number <= last % count else 0)
    ticket = turn * count + number
    for c in range(columns):
        vector[c] = x[c]
    chunks = (rows + chunk - 1) // chunk
    for c in range(chunks):
        store_release(words, PLACE, (ticket << CHUNK_BITS) + c)
        first = _place(c, chunks) * chunk
        end = min(first + chunk, rows)
        if load_acquire(products.done, c) == ticket:
            for r in range(first, end):
                y[r] = products.results[r]
        else:
            _some_rows(matrices, small, groups, job, first, end, x, sums, y)


@kernel
def assist(matrices, small, products):
    """Do the second thread's part until there has been nothing to do for a while."""
    words, done, groups = products.words, products.done, products.groups
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
        rows, columns, chunk = job[ROWS], job[COLUMNS], job[CHUNK]
        x = products.vector[:columns]
        sums = group_sums(groups, x)
        chunks = (rows + chunk - 1) // chunk
        c = chunks - 1
        while place >> CHUNK_BITS == ticket and c > place & CHUNKS:
            first = _place(c, chunks) * chunk
            end = min(first + chunk, rows)
            _some_rows(
                matrices, small, groups, job, first, end, x, sums, products.results
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
def _some_rows(matrices, small, groups, job, first, end, x, sums, y):
    columns, scale = job[COLUMNS], job[SCALE]
    start, rows, part = job[START] + first * columns, end - first, y[first:end]
    # Known when this is compiled: what a model has not costs nothing.
    if groups is None:
        scales = small[scale + first : scale + end] if scale >= 0 else small[:0]
        product(matrices, start, rows, columns, scales, x, part)
    else:
        group = scale + first * ((columns + GROUP - 1) // GROUP)
        grouped_product(matrices, start, rows, columns, groups, group, x, sums, part)
