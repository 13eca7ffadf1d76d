"""Ids of crosses, from Python's hashlib: python3 cross.py > cross.json"""
import hashlib
import json

# Values as text, None for a missing value.
VALUES = [
    ["a", "bc"],
    ["ab", "c"],
    ["abc", None],
    [None, "abc"],
    ["1:a", "b"],
    ["1", "a1:b"],
    ["-", None],
    [None, "-"],
    ["", "x"],
    ["naïve 日本 🎉", "é"],
    ["5", "true"],
    [None, None],
]
TRIPLES = [["a", "b", "c"], ["a", None, "c"], [None, None, "c"], [None, None, None]]
SEED, BUCKETS = 7, 1_000_003


# Canonical texts of values that are not their own.
CANONICAL = {"": None, "true": "1"}


def joined(values):
    """Joins canonical texts."""
    parts = [CANONICAL.get(value, value) for value in values]
    if not any(parts):
        return None
    return "".join("-" if part is None else f"{len(part.encode())}:{part}" for part in parts)


def row_id(values):
    text = joined(values)
    if text is None:
        return 0
    digest = hashlib.md5(f"{SEED}:{text}".encode()).digest()
    return 1 + int.from_bytes(digest[8:], "little") % BUCKETS


def vectors(rows):
    return [{"values": values, "text": joined(values), "id": row_id(values)} for values in rows]


print(json.dumps(
    {"seed": SEED, "buckets": BUCKETS, "pairs": vectors(VALUES), "triples": vectors(TRIPLES)},
    ensure_ascii=False, indent=1))
