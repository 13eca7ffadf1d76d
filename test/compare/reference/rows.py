"""The random numbers of the rows that the scripts beside this one measure; rows.ts draws the same bits."""

import numpy

USERS = 200
PER_USER = 10
ROWS = USERS * PER_USER
SEED = 20180412
DRAWS_PER_ROW = 6


def draw(column):
    """Returns a uniform number in [0, 1) for each row: mulberry32's output at counter 6 * row + column + 1."""
    counter = numpy.arange(ROWS, dtype=numpy.uint64) * DRAWS_PER_ROW + column + 1
    state = ((SEED + counter * 0x6D2B79F5) & 0xFFFFFFFF).astype(numpy.uint32)
    t = (state ^ (state >> 15)) * (state | 1)
    t ^= t + (t ^ (t >> 7)) * (t | 61)
    return (t ^ (t >> 14)) / 4294967296.0
