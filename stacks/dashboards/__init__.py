"""What the dashboards show: one a manager reads in ten seconds, one of any agent, one of the API.

Each module gives the rows of one dashboard; ``parts.widgets`` draws, ``parts.dashboard`` places.
"""
