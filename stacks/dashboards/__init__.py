"""What the dashboards show: one a manager reads in ten seconds, one per agent, one for the model.

Each module gives the rows of one dashboard; ``parts.widgets`` draws, ``parts.dashboard`` places.
"""
