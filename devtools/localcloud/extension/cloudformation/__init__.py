"""CloudFormation that does all of what a template says, or refuses by name.

MiniStack ignores the properties it does not know. Here every resource type and property has to be
listed in ``properties`` as honoured, either by MiniStack itself or by ``completions``, which set
what it drops through the service's own API and read it back.
"""
