"""Why nobody is let in. The two are apart: the one is the caller's to mend, the other is not."""


class TokenRefused(Exception):
    """The token proves nothing. The message is for the log, and has nothing of the token in it."""


class IssuerUnavailable(Exception):
    """Nobody can say what the token proves: the issuer's keys could not be had."""
