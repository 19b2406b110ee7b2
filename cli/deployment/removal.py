"""Taking an environment out of an account: its stacks, and what the settings say is not kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cli.api.aws import aws_failures
from cli.deployment.kept import Kept, left_behind
from cli.deployment.kinds import KEY_DAYS, KINDS, empty_bucket, stop_access_logs
from cli.deployment.stacks import ORDER, Clients, DeployedStack, Say, Stacks
from cli.deployment.unfinished import undo_creation
from cli.errors import CommandError

_BUCKET: Final = "AWS::S3::Bucket"
_USER: Final = "AWS::IAM::User"
#: What CloudFormation deletes with the stack; anything else it leaves.
_DELETED: Final = "Delete"
#: A bucket is emptied again if logs about it were delivered meanwhile: S3 does so for hours.
_ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Data:
    """A resource of a stack that holds data.

    Attributes:
        type: CloudFormation's.
        physical_id: CloudFormation's.
        goes: Whether the deployed template lets it go with its stack.
    """

    type: str
    physical_id: str
    goes: bool

    def __str__(self) -> str:
        return f"{KINDS[self.type].title} {self.physical_id}"


class Removal:
    """The end of an environment.

    Every step may be cut and repeated: what is gone by then is passed over.

    Args:
        stacks: The environment's.
        clients: For the services' own.
        keep_data: Whether the settings say that data is kept.
        say: Tells the person.
    """

    def __init__(self, stacks: Stacks, clients: Clients, *, keep_data: bool, say: Say) -> None:
        self._stacks = stacks
        self._clients = clients
        self._keep_data = keep_data
        self._say = say
        self.deployed = stacks.settled(say)
        self.data = {one.stack: self._data(one) for one in self.deployed}
        #: What is in no stack any more.
        self.left = left_behind(stacks, clients, ORDER)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not self.deployed and (self._keep_data or not self.left)

    def going(self) -> list[str]:
        """The data that would be gone, in words."""
        inside = [str(one) for data in self.data.values() for one in data if self._goes(one)]
        return [*inside, *(str(one) for one in self.left if not self._keep_data)]

    def staying(self) -> list[str]:
        """The data that would still be there, in words."""
        inside = [str(one) for data in self.data.values() for one in data if not self._goes(one)]
        return [*inside, *(str(one) for one in self.left if self._keep_data)]

    def refuse_other_settings(self, environment: str) -> None:
        """Refuse to let go, with the stacks, what the settings say is kept.

        Raises:
            CommandError: It was deployed with other settings.
        """
        lost = [str(one) for data in self.data.values() for one in data if one.goes]
        if self._keep_data and lost:
            raise CommandError(
                f"config/{environment}.yaml says keep_data: true, and what is deployed says "
                f"otherwise: {lost[0]} would be gone. `tradewind deploy {environment}` first, "
                "or set keep_data: false."
            )

    def refuse_protected(self, environment: str, *, allowed: bool) -> None:
        """Refuse to delete what CloudFormation protects.

        Args:
            environment: Its name.
            allowed: Whether the person says that protected stacks may go; their data may not.

        Raises:
            CommandError: There is such a stack.
        """
        protected = [one.name for one in self.deployed if one.protected]
        if not protected or (allowed and self._keep_data):
            return
        what = f"{', '.join(protected)} cannot be deleted: CloudFormation protects them, because "
        if self._keep_data:
            raise CommandError(
                f"{what}keep_data is true.\n`tradewind destroy {environment} --protected` deletes "
                "them and keeps their data. If that may go, too, set keep_data: false in "
                f"config/{environment}.yaml, `tradewind deploy {environment}`, then this again."
            )
        raise CommandError(
            f"{what}they were deployed with keep_data: true.\nIf their data may go, "
            f"`tradewind deploy {environment}` says so, then this again."
        )

    def run(self) -> tuple[list[str], list[str]]:
        """Delete the stacks, the last deployed first, and then what is left and not kept.

        Returns:
            The names of the stacks, and what else went, in words.

        Raises:
            CommandError: Something is still there, and why.
        """
        gone: list[str] = []
        for stack in reversed(self.deployed):
            self._delete(stack)
            gone.append(stack.name)
            self._say(f"Deleted {stack.name}.")
        removed = [] if self._keep_data else self._remove_left()
        return gone, removed

    def _goes(self, data: Data) -> bool:
        return data.goes or not self._keep_data

    def _data(self, stack: DeployedStack) -> list[Data]:
        template = self._stacks.template(stack)
        return [
            Data(
                template[logical_id]["Type"],
                physical_id,
                template[logical_id].get("DeletionPolicy", _DELETED) == _DELETED,
            )
            for logical_id, physical_id in self._stacks.resources(stack).items()
            if logical_id in template and template[logical_id]["Type"] in KINDS and physical_id
        ]

    def _delete(self, stack: DeployedStack) -> None:
        if stack.protected:
            self._stacks.unprotect(stack)
        self._take_keys(stack)
        undo_creation(self._stacks, self._clients, stack)
        for _ in range(_ATTEMPTS):
            self._empty_buckets(stack)
            reasons = self._stacks.delete(stack)
            if not reasons:
                return
        raise CommandError(f"{stack.name} is still there: {'; '.join(reasons)}")

    def _empty_buckets(self, stack: DeployedStack) -> None:
        """Empty the stack's buckets; nothing writes to them any more but S3's logs about them."""
        going = [
            one.physical_id for one in self.data[stack.stack] if one.type == _BUCKET and one.goes
        ]
        there = [one for one in going if KINDS[_BUCKET].find(self._clients, one)]
        if not there:
            return
        with aws_failures(f"The buckets of {stack.name} cannot be emptied"):
            for bucket in there:
                stop_access_logs(self._clients, bucket)
            for bucket in there:
                count = empty_bucket(self._clients, bucket)
                self._say(f"Emptied {bucket}: {count} versions of objects.")

    def _take_keys(self, stack: DeployedStack) -> None:
        """Take away what `tradewind caller rotate` made: IAM deletes no user who has a key."""
        template = self._stacks.template(stack)
        users = [
            physical_id
            for logical_id, physical_id in self._stacks.resources(stack).items()
            if template.get(logical_id, {}).get("Type") == _USER and physical_id
        ]
        for user in users:
            iam: Any = self._clients("iam")
            with aws_failures(f"The access keys of {user} cannot be deleted"):
                for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
                    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])

    def _remove_left(self) -> list[str]:
        removed: list[str] = []
        left = left_behind(self._stacks, self._clients, ORDER)
        for type_, kind in KINDS.items():
            for one in _of_type(left, type_):
                with aws_failures(f"The {one} cannot be removed"):
                    kind.remove(self._clients, one.identifier)
                when = f" (in {KEY_DAYS} days)" if type_ == "AWS::KMS::Key" else ""
                removed.append(f"{one}{when}")
                self._say(f"Removed the {one}{when}.")
        return removed


def _of_type(left: Sequence[Kept], type_: str) -> list[Kept]:
    return [one for one in left if one.type == type_]
