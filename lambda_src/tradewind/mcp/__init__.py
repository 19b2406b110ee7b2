"""The agents as tools of the Model Context Protocol, behind the API's own door.

A call of a tool is a call of the API from within: the same record, budget, owner and answer.
"""
