"""Writes csv_dialects.json: random tables as Python's csv module writes them in every dialect, and their values.

    python csv_dialects.py > csv_dialects.json
"""

import base64
import csv
import io
import json
import random

TEXTS = [
    "a", "sofa", 'TV 55"', "it's", '"', '""', "x,y", "p;q", "a|b", "t\tt", "line\nbreak", "cr\r\nlf", "é", "日本", " lead",
    "trail ", "\\", "C:\\dir\\", '"q"', "'q'", "", "0", "1.5", '\\"', "\\N", "#c", "a\\,b",
]
DIALECTS = {
    "doubled": (dict(quoting=csv.QUOTE_MINIMAL), dict(quote='"', escape='"')),
    "doubled, all in quotes": (dict(quoting=csv.QUOTE_ALL), dict(quote='"', escape='"')),
    "escaped, all in quotes": (
        dict(quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\"),
        dict(quote='"', escape="\\"),
    ),
    "single": (dict(quoting=csv.QUOTE_MINIMAL, quotechar="'"), dict(quote="'", escape="'")),
    "single, all in quotes": (dict(quoting=csv.QUOTE_ALL, quotechar="'"), dict(quote="'", escape="'")),
    "no quotes": (
        dict(quoting=csv.QUOTE_NONE, escapechar="\\", quotechar=None),
        dict(quote=None, escape="\\"),
    ),
}


def table(rng, kinds):
    def value(kind):
        if kind == "number":
            return str(rng.randrange(10 ** rng.randrange(1, 6)))
        return "".join(rng.choice(TEXTS) for _ in range(rng.randrange(1, 3)))

    return [[value(kind) for kind in kinds] for _ in range(rng.choice([1, 3, 12]))]


def main():
    rng = random.Random(7)
    cases = []
    for name, (options, declared) in DIALECTS.items():
        for delimiter in [",", ";", "\t", "|", "\x01"]:
            for encoding in ["utf-8", "utf-16"]:
                kinds = ["number"] + [rng.choice(["number", "text", "text"]) for _ in range(rng.randrange(1, 5))]
                rows = table(rng, kinds)
                if name == "no quotes":
                    # Its writer does not escape a carriage return.
                    rows = [[value.replace("\r", "") for value in row] for row in rows]
                text = io.StringIO(newline="")
                writer = csv.writer(text, delimiter=delimiter, lineterminator=rng.choice(["\n", "\r\n"]), **options)
                writer.writerow(["row"] + [f"c{i}" for i in range(1, len(kinds))])
                writer.writerows(rows)
                content = base64.b64encode(text.getvalue().encode(encoding)).decode()
                cases.append(
                    dict(name=name, encoding=encoding, csv=dict(delimiter=delimiter, **declared), content=content, rows=rows)
                )
    print(json.dumps(cases, ensure_ascii=False))


main()
