"""What the deliverer needs of Discord."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from veo_core.domain.images import MediaFile
from veo_core.domain.jobs import Job
from veo_core.domain.messages import PostedMessage


class Publisher(Protocol):
    """Discord as the deliverer sees it; implemented in cogs.delivery.publisher."""

    def rests_until(self) -> datetime | None:
        """When the bot may post again, while Discord asks the whole bot to wait; else None."""
        ...

    def full_until(self, job: Job, planned: int) -> datetime | None:
        """When the job's place takes one more message than the planned ones; None now, or where it is not known."""
        ...

    async def turn(self, job: Job, *, is_line: bool) -> None:
        """Wait for the turn of one more message, fairly by lane, results before status lines.

        So nothing is begun faster than it may be posted.
        """
        ...

    async def upload_limit(self, job: Job) -> int:
        """How many bytes an attachment may have where this job's result goes."""
        ...

    async def deliver(self, job: Job, media: MediaFile | None, *, in_doubt: bool) -> PostedMessage:
        """Post the result or the failure; raises DeliveryPostponed, DestinationRefused when no place takes it."""
        ...

    async def show_status(self, job: Job, *, in_doubt: bool) -> int | None:
        """Post or edit the status line and return its message id, None when there is none; raises like `deliver`."""
        ...

    async def tell_operator(self, text: str) -> None:
        """Tell whoever runs the bot; raises DeliveryPostponed."""
        ...
