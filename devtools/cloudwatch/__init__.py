"""What CloudWatch does with metrics, in Python: statistics, metric math, alarms.

Knows nothing of Tradewind, and nothing here calls AWS. The rules are those of the CloudWatch user
guide; where it leaves a rule open, the module that decides says so.

    series.py       samples -> datapoints: periods, statistics, percentiles
    math/           metric math: a parser and an evaluator
    alarms.py       datapoints -> states: M of N, missing data, low sample counts
    composite.py    the rules of composite alarms
    template.py     alarms as a CloudFormation template describes them
    notation.py     the short texts in alarm tests: series, times, expectations
    testfile.py     files of alarm tests, and what is wrong in which line
    alarmtests.py   running them
"""
