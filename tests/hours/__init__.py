"""Three hours of an app at work, ordinary ones or with a bad one at their end, as AWS keeps them.

``python -m tests.hours FOLDER`` draws the dashboards of the synthesized app on each.
"""
