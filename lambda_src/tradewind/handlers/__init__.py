"""Lambda entry points: parse the event, call one service, map errors to answers.

Importing this package switches garbage collection off; an entry point switches it on again when
its imports are done. Collections during the imports find nothing to free and cost about 55 ms of
every cold start.
"""

import gc

gc.disable()

from tradewind.telemetry.process import ColdStart  # noqa: E402  collections are off first

#: This process's start; its clock for the imports begins here.
COLD_START = ColdStart()
