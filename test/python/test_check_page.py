"""Tests of check_page.py: what must be told as wrong. .venv-readers/bin/python -m unittest discover test/python"""

import contextlib
import io
import pathlib
import tempfile
import unittest

import duckdb
from check_page import main

TABLE = "CREATE EXTERNAL TABLE s (row bigint, pctr float) STORED AS PARQUET LOCATION 's3://bucket/scores/'"


class CheckPage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bucket/scores").mkdir(parents=True)
        file = self.folder / "bucket/scores/part-0.parquet"
        duckdb.execute(f"COPY (SELECT 1::BIGINT AS row, 0.5::FLOAT AS pctr) TO '{file}' (FORMAT parquet)")

    def check(self, *blocks):
        """Returns the exit code and the lines of a page of blocks: (language, text)."""
        page = self.folder / "page.md"
        page.write_text("".join(f"```{language}\n{text}\n```\n" for language, text in blocks))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            code = main(str(page), str(self.folder))
        return code, [line.removeprefix(f"{page}:") for line in out.getvalue().splitlines()]

    def test_passes_blocks_that_run(self):
        python = "print(open('bucket/scores/part-0.parquet', 'rb').read(4))"
        self.assertEqual(
            self.check(("python", python), ("sql", TABLE), ("sql", "SELECT row FROM s")),
            (0, ["1 python: ok", "4 sql: ok", "7 sql: ok", "3 passed, 0 failed"]),
        )

    def test_fails_python_that_raises_or_prints_nothing(self):
        code, lines = self.check(("python", "1 / 0"), ("python", "x = 1"))
        self.assertEqual(code, 1)
        self.assertEqual(
            lines, ["1 python: ZeroDivisionError: division by zero", "4 python: printed nothing", "0 passed, 2 failed"]
        )

    def test_fails_a_table_that_the_files_do_not_have(self):
        code, lines = self.check(("sql", TABLE.replace("pctr float", "pctr double")))
        self.assertEqual(code, 1)
        self.assertIn("declared [('row', 'BIGINT'), ('pctr', 'DOUBLE')], the files have", lines[0])

    def test_fails_a_query_that_does_not_parse_or_returns_nothing(self):
        code, lines = self.check(("sql", TABLE), ("sql", "SELECT FROM WHERE"), ("sql", "SELECT row FROM s WHERE row > 9"))
        self.assertEqual(code, 1)
        self.assertIn("ParseError", lines[1])
        self.assertEqual(lines[2:], ["7 sql: returned no row", "1 passed, 2 failed"])

    def test_fails_a_page_without_blocks(self):
        self.assertEqual(self.check(), (1, ["0 passed, 0 failed"]))


if __name__ == "__main__":
    unittest.main()
