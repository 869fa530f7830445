"""What a person commands: the kill switch, and arming again."""

from streams.copier.actions import Command, CommandKind
from streams.copier.follower import FollowerState
from streams.copier.group import CopyGroup
from streams.copier.settling import cancel_entries, disarm, start_flattening
from streams.copier.turn import Turn


def obey(turn: Turn, group: CopyGroup, command: Command) -> None:
    """Stop or arm one follower, or all of them and the group.

    A killed follower copies nothing, exits neither: with `kill_and_hold` its position is the
    person's to close.
    """
    chosen = [
        follower
        for follower in group.followers.values()
        if command.account_id in (None, follower.account_id)
    ]
    if command.kind is CommandKind.ARM:
        if command.account_id is None:
            group.lock = None
        for follower in chosen:
            follower.state, follower.lock = FollowerState.ON, None
        return
    for follower in chosen:
        disarm(turn, follower, command.reason)
        for lane in follower.lanes.values():
            if command.kind is CommandKind.KILL_AND_FLATTEN:
                start_flattening(turn, follower, lane)
            else:
                cancel_entries(turn, follower, lane)
