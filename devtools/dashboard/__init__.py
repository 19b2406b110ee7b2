"""CloudWatch dashboards on this machine: read from a template, filled, drawn.

    body/         a dashboard body as frozen values
    layout.py     CloudWatch's grid of 24 columns
    assembly.py   dashboards and alarms of a synthesized app, without intrinsics
    metrics.py    what a metric is called
    insights/     the part of the Logs Insights query language that is evaluated here
    sources/      where data comes from: an account, or an AWS on this machine
    labels.py     what a series is called
    document/     a dashboard and its data as the page takes it
    markdown.py   text widgets
    preview.py    an app's dashboards on one source
    d3.py         the chart library, out of node_modules
    page.py       the page, alone or with its data in it
    static/       its frame, style and script; static/charts draws
    server.py     the page on 127.0.0.1
    browser.py    a headless Chromium, for pictures and tests
    output.py     HTML and PNG files

Knows nothing of Tradewind.
"""
