"""Metric math: expressions over series, as in alarms and on dashboards.

    expression.py  an expression as a tree
    parser.py      from its text to the tree
    arithmetic.py  operators between numbers, series and arrays of series
    functions.py   the functions
    evaluator.py   a tree evaluated over series

Source: "Using math expressions with CloudWatch metrics" in the CloudWatch user guide. Its rules for
missing datapoints, which surprise most:

- arithmetic and comparison between two series take a missing datapoint as 0 where the other series
  has one; where both miss it, so does the result;
- a division by zero drops the datapoint, and so does any other result that is not a finite number;
- ``AVG`` counts a missing datapoint as 0;
- ``IF`` drops the datapoint where its condition has none.

Where the guide leaves a rule open, the module that decides says so.
"""

from devtools.cloudwatch.math.arithmetic import Result
from devtools.cloudwatch.math.evaluator import evaluate, reads_clock, unsupported
from devtools.cloudwatch.math.expression import MathError
from devtools.cloudwatch.math.parser import calls, names, parse

__all__ = [
    "MathError",
    "Result",
    "calls",
    "evaluate",
    "names",
    "parse",
    "reads_clock",
    "unsupported",
]
