"""The embedded AWS that demo and tests run on: one process on this machine, nothing beyond it."""

from devtools.localcloud.lifecycle import HOME, LocalCloud, LocalCloudError
from devtools.localcloud.running import ACCOUNT_ID, REGION, Running

__all__ = ["ACCOUNT_ID", "HOME", "REGION", "LocalCloud", "LocalCloudError", "Running"]
