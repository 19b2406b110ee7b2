"""Whether a Python runtime streams its answers as Lambda's Runtime API wants them.

``python -m devtools.runtime_conformance --runtime FOLDER`` checks an awslambdaric that was
installed into a folder, or a runtime that starts as it does; see docs/streaming.md.
"""
