"""What CloudWatch does with metrics, in Python: statistics, metric math, alarms.

Knows nothing of Tradewind, and nothing here calls AWS. The rules are those of the CloudWatch user
guide; where it leaves a rule open, the module that decides says so.

    statistics.py      what reduces a period's values to one number
    series.py          samples -> datapoints, in periods
    math/              metric math: a parser and an evaluator
    states.py          datapoints -> states: M of N, missing data
    alarms.py          a metric alarm, evaluated again and again
    tokens.py          texts as tokens, for the parsers
    composite.py       the rules of composite alarms
    emf.py             metrics out of log lines in the Embedded Metric Format
    filter_pattern.py  which log messages a metric filter matches, and their values
    cloudformation.py  a template's properties, without intrinsics
    template.py        alarms as a template describes them
    notation.py        the short texts in alarm tests: series, times, expectations
    yaml_document.py   YAML as it is written, and what is wrong in which line
    testfile.py        files of alarm tests
    matching.py        which alarms a test is for, and which series their metrics have
    outcomes.py        what came of tests, and what no test shows
    alarmtests.py      running them
    changes.py         small mistakes in an alarm
    coverage.py        which of them no test notices
"""
