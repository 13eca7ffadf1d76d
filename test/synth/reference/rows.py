"""Rows of a synthetic log, computed again from its definition with hashlib and math alone.

python test/synth/reference/rows.py > test/synth/reference/rows.json
"""
import hashlib, json, math
from datetime import datetime, timedelta

SEED, ROWS, USERS, ITEMS, DAYS = 7, 2000, 500, 300, 10
USER_EXPONENT, ITEM_EXPONENT = 0.5, 1.0
OBSERVED, HIDDEN, DELAY = 0.8, 1.2, 2.0
CLICK_RATE, CONVERSION_RATE = 0.2, 0.3
REQUEST, SEGMENTS, CATEGORIES, BRANDS, TAGS = 20, 12, 40, 8, 60
PLACES = [("home", 0.5), ("search", 0.3), ("category", 0.1), ("basket", -0.1), ("mail", -0.3), ("footer", -0.5)]
START = datetime(2025, 1, 1)


def halves(value):
    return value >> 64, value & (2**64 - 1)


def words(value):
    return value >> 32, value & (2**32 - 1)


def uniform(bits64):
    return (bits64 >> 11) / 2**53


def normal(bits64):
    a, b = words(bits64)
    return math.sqrt(-2 * math.log(1 - a / 2**32)) * math.cos(2 * math.pi * b / 2**32)


def effect(kind, value):
    return normal(halves(number(kind, value))[0])


def number(kind, value):
    """The 16 bytes of the digest as a little-endian number."""
    return int.from_bytes(hashlib.md5(f"{SEED}:{kind}:{value}".encode()).digest(), "little")


def zipf(u, count, exponent):
    power = 1 - exponent
    top = count + 1
    x = top**u if abs(power) < 1e-9 else (1 + u * (top**power - 1)) ** (1 / power)
    return min(count, math.floor(x))


def user(i):
    upper, lower = halves(number("user", i))
    a, b = words(upper)
    segment = math.floor(SEGMENTS * (a / 2**32) ** 2)
    age = None if b % 20 == 0 else 18 + b % 63
    by_age = 0 if age is None else (age - 49) / 18.2
    conversion = 0.25 * normal(lower) + 0.45 * effect("segment", segment) + 0.25 * by_age
    click = 0.3 * effect("user click", i) + 0.3 * effect("segment click", segment)
    return dict(user_id=i, segment=segment, age=age, conversion=conversion, click=click,
                delay=0.4 * effect("segment delay", segment))


def half_up(x, digits):
    return math.floor(x * 10**digits + 0.5) / 10**digits


def item(i):
    upper, lower = halves(number("item", i))
    a, b = words(upper)
    category = math.floor(CATEGORIES * (a / 2**32) ** 1.5)
    brand = category * BRANDS + math.floor(BRANDS * (b / 2**32) ** 2)
    price = half_up(20 * math.exp(0.8 * normal(lower)), 2)
    t_upper, t_lower = halves(number("item tags", i))
    ws = [*words(t_upper), words(t_lower)[0]]
    tags = sorted(set([w % TAGS for w in ws][: 1 + words(t_lower)[1] % 3]))
    conversion = (0.3 * effect("item", i) + 0.45 * effect("category", category) + 0.35 * effect("brand", brand)
                  + 0.3 * (-math.log(price / 20) / 0.8) + 0.3 * sum(effect("tag", t) for t in tags) / len(tags))
    click = 0.3 * effect("item click", i) + 0.3 * effect("category click", category) + 0.2 * effect("brand click", brand)
    return dict(item_id=i, category=category, brand=brand, price=price, tags=tags, conversion=conversion, click=click,
                delay=0.4 * effect("category delay", category))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def impression(i):
    request = i // REQUEST
    spacing = (DAYS * 86_400_000_000 - 60_000_000) / math.ceil(ROWS / REQUEST)
    shown = START + timedelta(microseconds=math.floor(request * spacing))
    u = user(zipf(uniform(halves(number("request", request))[0]), USERS, USER_EXPONENT))
    upper, lower = halves(number("row", i))
    it = item(zipf(uniform(upper), ITEMS, ITEM_EXPONENT))
    a, b = words(lower)
    place, by_place = PLACES[a % len(PLACES)]
    affinity = 0.35 * effect("affinity", u["segment"] * CATEGORIES + it["category"])
    v = u["conversion"] + it["conversion"] + affinity + 0.15 * math.sqrt(2) * math.sin(math.pi / 12 * shown.hour)
    c = u["click"] + it["click"] + by_place + OBSERVED * v
    return dict(row=i, request=request, shown=shown, u=u, it=it, place=place, has_cause=b % 2 == 1, c=c, v=v)


def intercept(logits, weights, rate):
    total = sum(sum(w) for w in weights)
    low, high = -60.0, 60.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        mean = sum(w * sigmoid(middle + x + cause) for cause, ws in zip((HIDDEN, -HIDDEN), weights)
                   for x, w in zip(logits, ws)) / total
        low, high = (middle, high) if mean < rate else (low, middle)
    return (low + high) / 2


rows = [impression(i) for i in range(ROWS)]
cs, vs = [r["c"] for r in rows], [r["v"] for r in rows]
a0 = intercept(cs, [[1.0] * ROWS] * 2, CLICK_RATE)
b0 = intercept(vs, [[sigmoid(a0 + c + cause) for c in cs] for cause in (HIDDEN, -HIDDEN)], CONVERSION_RATE)

END = START + timedelta(days=DAYS)


def finished(r):
    p = {cause: (sigmoid(a0 + r["c"] + cause), sigmoid(b0 + r["v"] + cause)) for cause in (HIDDEN, -HIDDEN)}
    pctr = sum(c for c, _ in p.values()) / 2
    joint = sum(c * v for c, v in p.values()) / 2
    upper, lower = halves(number("outcome", r["row"]))
    c, v = p[HIDDEN if r["has_cause"] else -HIDDEN]
    click = int(uniform(upper) < c)
    eventual = click * int(uniform(lower) < v)
    d_upper, d_lower = halves(number("delay", r["row"]))
    clicked = r["shown"] + timedelta(microseconds=round(1e6 + 4e6 * words(d_lower)[0] / 2**32)) if click else None
    factor = math.exp(r["u"]["delay"] + r["it"]["delay"] - (0.4**2 + 0.4**2) / 2)
    converted = None
    if eventual:
        converted = clicked + timedelta(microseconds=round(-math.log(1 - uniform(d_upper)) * DELAY * 86_400_000_000 * factor))
        if converted >= END:
            converted = None
    return dict(row=r["row"], request=r["request"], shown_at=r["shown"].isoformat(), user_id=r["u"]["user_id"],
                segment=r["u"]["segment"], age=r["u"]["age"], item_id=r["it"]["item_id"], category=r["it"]["category"],
                brand=r["it"]["brand"], price=r["it"]["price"], tags=r["it"]["tags"], hour=r["shown"].hour,
                place=r["place"], click=click, conversion=int(converted is not None),
                clicked_at=clicked and clicked.isoformat(), converted_at=converted and converted.isoformat(),
                eventual_conversion=eventual, true_pctr=pctr, true_pcvr=joint / pctr,
                true_pcvr_do=sum(v for _, v in p.values()) / 2)


done = [finished(r) for r in rows]
converted = [r for r in done if r["eventual_conversion"]]
shown = done[:20] + converted[:20] + [r for r in converted if not r["conversion"]][-10:]
print(json.dumps({"intercepts": {"click": a0, "conversion": b0},
                  "clicks": sum(r["click"] for r in done), "conversions": sum(r["conversion"] for r in done),
                  "later": sum(r["eventual_conversion"] - r["conversion"] for r in done), "rows": shown}, indent=1))
