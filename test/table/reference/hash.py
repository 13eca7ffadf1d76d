"""Vectors of the published hash, from Python's hashlib: python3 hash.py > hash.json"""
import hashlib
import json

CASES = [(0, ""), (0, "a"), (1, "5"), (1, "5.0"), (42, "naïve 日本 🎉"), (0, "18446744073709551616"), (2147483647, "x" * 100)]


def digest(seed: int, text: str) -> int:
    return int.from_bytes(hashlib.md5(f"{seed}:{text}".encode()).digest()[8:], "little")


def vector(seed: int, text: str) -> dict:
    value = digest(seed, text)
    return {"seed": seed, "text": text, "hash": str(value), "bucketOf1000": value % 1000}


def share(seed: int, rows: int, below: float) -> int:
    return sum(digest(seed, str(row)) / 2**64 < below for row in range(rows))


print(json.dumps({
    "vectors": [vector(*case) for case in CASES],
    # Rows 0 .. 9999 whose hash with seed 7 lies below 0.2, and below 0.5.
    "split": {"seed": 7, "rows": 10000, "below0.2": share(7, 10000, 0.2), "below0.5": share(7, 10000, 0.5)},
}, ensure_ascii=False, indent=1))
