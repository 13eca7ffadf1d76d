"""Runs the unittest files of a folder and ends with a line "N passed, N failed".

    run-unittest.py <folder> <pattern>
"""

import sys
import unittest

folder, pattern = sys.argv[1:]
result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.discover(folder, pattern))
failed = len(result.failures) + len(result.errors) + len(result.skipped)
# A folder without tests must not pass.
failed += result.testsRun == 0
print(f"{result.testsRun - min(failed, result.testsRun)} passed, {failed} failed")
