"""What AWS refuses in the life of a resource and of a stack, and MiniStack lets pass.

``types`` has a line for each resource type: whose names can be taken, and what stands in the way of
its removal. A type without a line is refused with the template. ``resources`` asks before a
resource is made, renamed or removed, ``stacks`` before a stack is changed, ``exports`` before what
other stacks use goes.
"""
