"""Mean, population deviation and quantile boundaries of the rows that fit-encoder.test.ts writes: python3 number_statistics.py > number_statistics.json"""
import json
import math
import statistics
import struct


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


# x = (row * 7919 mod 10007) / 8 - 300, exact in float32
VALUES = [float32((row * 7919 % 10007) / 8 - 300) for row in range(20000)]


def log1p(value: float) -> float:
    clipped = min(max(value, -200.0), 900.0)
    return math.copysign(math.log(1 + abs(clipped)), clipped) if clipped else 0.0


def moments(values: list) -> dict:
    return {"mean": statistics.fmean(values), "deviation": statistics.pstdev(values)}


ordered = sorted(VALUES)
print(json.dumps({
    "plain": moments(VALUES),
    "clippedLog1p": moments([log1p(value) for value in VALUES]),
    # the k-th boundary is the least value that k / 8 of the rows do not exceed
    "octiles": [ordered[math.ceil(k * len(ordered) / 8) - 1] for k in range(1, 8)],
}, indent=1))
