"""The access keys of callers outside, changed in two steps so that none is ever without one."""

import json
from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from cli.errors import CommandError
from stacks.names import caller_name, caller_secret_name

#: What a person does between the steps.
_TAKE_UP: Final = "Have the caller take it up, then run this again with --finish."


class CallerKeys:
    """The keys of one caller's IAM user, and the secret that holds the one to use.

    At any time the key in the secret is valid. A run that is cut short leaves at most a key that
    nobody was ever given; the next run takes it away.

    Args:
        environment: The environment's name.
        caller: The caller's, as the settings have it.
        iam: A client.
        secrets: A client of Secrets Manager.
    """

    def __init__(self, environment: str, caller: str, iam: Any, secrets: Any) -> None:
        self._user = caller_name(environment, caller)
        self._secret = caller_secret_name(environment, caller)
        self._iam = iam
        self._secrets = secrets

    def rotate(self) -> str:
        """Make a key and put it into the secret; the one before stays valid.

        Returns:
            What to do next.

        Raises:
            CommandError: The one before the last is still valid, or there is no such caller.
        """
        current, previous = self._kept("AWSCURRENT"), self._kept("AWSPREVIOUS")
        for key in self._keys():
            if key == current:
                continue
            if key == previous:
                raise CommandError(
                    f"The key before, {key}, is still valid. Finish that rotation with --finish."
                )
            # Of a run that was cut short: nobody was given it.
            self._iam.delete_access_key(UserName=self._user, AccessKeyId=key)
        made = self._iam.create_access_key(UserName=self._user)["AccessKey"]
        try:
            self._secrets.put_secret_value(
                SecretId=self._secret,
                SecretString=json.dumps(
                    {
                        "access_key_id": made["AccessKeyId"],
                        "secret_access_key": made["SecretAccessKey"],
                    }
                ),
            )
        except ClientError as error:
            # It may have been kept after all, so it is not taken away here.
            raise CommandError(
                f"The key could not be kept: {_code(error)}. Run this again."
            ) from None
        step = _TAKE_UP if current else "It is the caller's first."
        return f"A new key is in the secret {self._secret}. {step}"

    def finish(self) -> str:
        """Take away every key but the one in the secret.

        Returns:
            What was done.

        Raises:
            CommandError: The secret has no valid key, so nothing may be taken away.
        """
        current, keys = self._kept("AWSCURRENT"), self._keys()
        if current not in keys:
            raise CommandError(f"The secret {self._secret} has no valid key: rotate first.")
        ended = [key for key in keys if key != current]
        for key in ended:
            self._iam.delete_access_key(UserName=self._user, AccessKeyId=key)
        return f"{len(ended)} older key{'' if len(ended) == 1 else 's'} ended."

    def _keys(self) -> Sequence[str]:
        try:
            found = self._iam.list_access_keys(UserName=self._user)["AccessKeyMetadata"]
        except ClientError as error:
            raise CommandError(f"The keys of {self._user} cannot be read: {_code(error)}") from None
        return [key["AccessKeyId"] for key in found]

    def _kept(self, stage: str) -> str | None:
        try:
            kept = self._secrets.get_secret_value(SecretId=self._secret, VersionStage=stage)
        except ClientError as error:
            # The secret is there from the deployment on, and empty until the first key.
            if _code(error) == "ResourceNotFoundException":
                return None
            raise CommandError(
                f"The secret {self._secret} cannot be read: {_code(error)}"
            ) from None
        try:
            key = json.loads(kept["SecretString"])["access_key_id"]
        except (KeyError, TypeError, ValueError):
            raise CommandError(f"The secret {self._secret} holds something else.") from None
        return str(key)


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
