"""The ports of tuning: its trials and what it proposes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from minerva.layers.abstraction.tuning.proposal import NewProposal, Proposal
from minerva.layers.abstraction.tuning.trial import Ended, NewTrial, Trial


class TrialStore(Protocol):
    """The trials of each study, which any worker may run."""

    def begin(self, trial: NewTrial) -> bool:
        """Add a running trial; False, and nothing changes, if the study has one of its number.

        Who numbers a trial by how many there are has seen all of them if this succeeds.
        """

    def begin_again(self, tenant: str, study: str, number: int, now: datetime) -> int:
        """Count another try of a running trial, and return how many there were; 0 if it has ended."""

    def end(self, tenant: str, study: str, number: int, ended: Ended, now: datetime) -> bool:
        """End a running trial; False, and nothing changes, if it is not running."""

    def list(self, tenant: str, study: str) -> Sequence[Trial]:
        """Return a study's trials, by number."""


class ProposalStore(Protocol):
    """What tunings propose, and what came of it."""

    def propose(self, proposal: NewProposal) -> Proposal:
        """Number and keep a proposal; a job proposes once, so again it returns what is there."""

    def get(self, tenant: str, service: str, number: int) -> Proposal | None:
        """Return one proposal."""

    def list(self, tenant: str, service: str) -> Sequence[Proposal]:
        """Return all proposals of a service, newest first."""

    def reject(
        self, tenant: str, service: str, number: int, author: str, reason: str, now: datetime
    ) -> Proposal:
        """Reject an open proposal. Raises Conflict if it is decided otherwise, NotFound if there is none.

        Again it changes nothing.
        """

    def accept(  # noqa: PLR0913 - the parts of a decision, each by name
        self,
        tenant: str,
        service: str,
        number: int,
        *,
        newest: int,
        digest: str,
        declaration: dict[str, Any],
        author: str,
        reason: str,
        now: datetime,
    ) -> Proposal:
        """Accept an open proposal, add the declaration as a revision and bump the registry, all or nothing.

        The revision derives from what revision `newest` derives from. Again it changes nothing. Raises
        Conflict if it is rejected, or if `newest` is not the newest revision any more; NotFound if
        there is none.
        """
