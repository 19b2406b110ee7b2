"""Stories: what happens to an app over hours and days, and which notifications go out.

Knows nothing of Tradewind, and nothing here calls AWS. An app says what its functions are called
and what they print (`happenings.App`); everything else is what AWS makes of it, and the templates.

    notation.py      the short texts in stories: durations, what is sent
    storyfile.py     files of stories
    happenings.py    what a story tells, as single requests, calls and deployments
    effects.py       what one of them leaves: Lambda's own metrics, log lines, what filters read
    template.py      functions, metric filters, actions and deployments, as templates describe them
    buckets.py       what was published, by the minute, and when it is known
    watch.py         all alarms of an app, evaluated minute by minute
    telling.py       running a story
    page.py          stories as a table
"""
