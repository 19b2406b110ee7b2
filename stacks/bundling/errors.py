"""What can go wrong while a bundle is made.

::

    BundleError
    +-- NoInterpreter          no Python of the functions' version to compile with
    +-- NotLocked              requirements have not been compiled into a lock
    +-- MissingWheel           a pinned package has no wheel for the target platform
    +-- HashMismatch           a downloaded package is not the one that was pinned
    +-- RegistryUnreachable    the package registry cannot be reached, and the cache lacks a package
    +-- InstallFailed          uv refused for another reason
    +-- UnknownOperation       botocore has no such service or operation
    +-- NotCompilable          a module is not valid Python
    +-- NoWorkflow             a workflow file is not valid, or cannot run in a function
    +-- NotSigned              a bundle was not signed, where signed ones were asked for
    +-- OverBudget             the bundle is larger than its budget, or than Lambda takes
"""


class BundleError(Exception):
    """A bundle cannot be made. The message is for the person who ran the synth."""


class NoInterpreter(BundleError):
    """There is no Python of the functions' version to compile their modules with."""


class NotLocked(BundleError):
    """Requirements have no lock. The message says which, and how to make it."""


class MissingWheel(BundleError):
    """A package has no wheel for the target platform, and nothing is built from source."""


class HashMismatch(BundleError):
    """A package's hash is not the pinned one."""


class RegistryUnreachable(BundleError):
    """A package is not in uv's cache and its registry cannot be reached."""


class InstallFailed(BundleError):
    """uv could not install the requirements for another reason, which it gave."""


class UnknownOperation(BundleError):
    """botocore has no such service, or the service no such operation. The message names it."""


class NotCompilable(BundleError):
    """A module is not valid Python of the functions' version. The message shows where."""


class NoWorkflow(BundleError):
    """A workflow file is not valid. The message has a line for each mistake."""


class NotSigned(BundleError):
    """A bundle is not among those that were signed. The message says how to sign it."""


class OverBudget(BundleError):
    """The unzipped bundle is too large. The message names its largest packages."""
