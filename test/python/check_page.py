"""Runs every block of docs/python.md as it stands, in a folder with the demo's bucket.

    check_page.py <docs/python.md> <folder that has bucket/>

Python blocks run one after the other, each in a process of its own. SQL blocks are parsed as Athena's; a table is then
made of the files at its place, with the declared columns and types, and the queries run on it in DuckDB. Prints a line
for each block; the last line is "N passed, N failed".
"""

import pathlib
import re
import subprocess
import sys

import duckdb
import sqlglot
from sqlglot import expressions

BLOCK = re.compile(r"^```(python|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_python(block, folder):
    """Returns what went wrong with a block of Python, or None."""
    done = subprocess.run([sys.executable, "-c", block], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return done.stderr.strip().splitlines()[-1]
    return None if done.stdout.strip() else "printed nothing"


def run_sql(block, folder, database):
    """Returns what went wrong with a statement of Athena, or None."""
    try:
        statement = sqlglot.parse_one(block, dialect="athena")
        if isinstance(statement, expressions.Create):
            create_table(statement, folder, database)
            return None
        rows = database.execute(statement.sql(dialect="duckdb")).fetchall()
        return None if rows else "returned no row"
    except (sqlglot.ParseError, duckdb.Error, ValueError) as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


def create_table(statement, folder, database):
    """Creates the view of an external table; fails where the files do not have its columns and types."""
    schema = statement.this
    declared = [(column.name, column.args["kind"].sql(dialect="duckdb")) for column in schema.expressions]
    location = statement.find(expressions.LocationProperty).this.name.removeprefix("s3://")
    files = f"{folder}/{location}part-*.parquet"
    actual = database.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{files}')").fetchall()
    if [(name, kind.replace("REAL", "FLOAT")) for name, kind in declared] != actual:
        raise ValueError(f"declared {declared}, the files have {actual}")
    database.execute(f"CREATE VIEW {schema.this.name} AS SELECT * FROM '{files}'")


def main(page, folder):
    database = duckdb.connect()
    counts = {True: 0, False: 0}
    text = pathlib.Path(page).read_text()
    for match in BLOCK.finditer(text):
        language, block = match.groups()
        problem = run_python(block, folder) if language == "python" else run_sql(block, folder, database)
        line = text.count("\n", 0, match.start()) + 1
        print(f"{page}:{line} {language}: {problem or 'ok'}")
        counts[problem is None] += 1
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 0 if counts[False] == 0 and counts[True] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
