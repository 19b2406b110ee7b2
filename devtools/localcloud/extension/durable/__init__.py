"""Lambda's durable functions: executions, checkpoints, callbacks, chained invokes, their API.

MiniStack has a part of this and never makes a function durable; nothing of it is used.
``execution``, ``updates``, ``history``, ``driver`` and ``api`` know nothing of MiniStack;
``lambda_functions``, ``permissions`` and ``install`` put them into it.
"""
