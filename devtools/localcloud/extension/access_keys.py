"""Access keys of IAM users: two at most, and each is ended in its own user's name only."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack.services import iam

_MOST_KEYS = 2

Parameters = Mapping[str, Any]
Operation = Callable[[Parameters], Any]


def install() -> None:
    """Make MiniStack's IAM keep to that."""
    operations = iam._IAM_HANDLERS
    create: Operation = operations["CreateAccessKey"]
    delete: Operation = operations["DeleteAccessKey"]

    def create_within_the_quota(parameters: Parameters) -> Any:
        user = iam._p(parameters, "UserName")
        held = [key for key in iam._access_keys.values() if key["UserName"] == user]
        if len(held) >= _MOST_KEYS:
            message = f"Cannot exceed quota for AccessKeysPerUser: {_MOST_KEYS}"
            return iam._error(HTTPStatus.CONFLICT, "LimitExceeded", message)
        return create(parameters)

    def delete_the_users_own(parameters: Parameters) -> Any:
        user, key = iam._p(parameters, "UserName"), iam._p(parameters, "AccessKeyId")
        found = iam._access_keys.get(key)
        if user and found is not None and found["UserName"] != user:
            message = f"The Access Key with id {key} cannot be found."
            return iam._error(HTTPStatus.NOT_FOUND, "NoSuchEntity", message)
        return delete(parameters)

    operations["CreateAccessKey"] = create_within_the_quota
    operations["DeleteAccessKey"] = delete_the_users_own
