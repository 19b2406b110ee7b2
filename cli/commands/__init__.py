"""The commands: options, help, and what is printed. The work is done in the modules above.

Whatever a command needs beyond its options is imported when it runs, so that ``--help``,
``status`` and ``down`` answer at once.
"""
