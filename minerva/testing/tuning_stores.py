"""What every store of trials and proposals must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from minerva.errors import Conflict, NotFound
from minerva.layers.abstraction.registry.store import ConfigurationStore, RevisionStore
from minerva.layers.abstraction.tuning.proposal import NewProposal, Proposal, ProposalState
from minerva.layers.abstraction.tuning.store import ProposalStore, TrialStore
from minerva.layers.abstraction.tuning.trial import Ended, NewTrial, Trial, TrialState
from minerva.testing.threads import at_once

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(seconds=7)
PARAMETERS: dict[str, Any] = {"max_depth": 3, "learning_rate": 0.1 + 0.2, "booster": None}


class TuningStores(Protocol):
    """What the contract is given."""

    @property
    def trials(self) -> TrialStore: ...
    @property
    def proposals(self) -> ProposalStore: ...
    @property
    def configurations(self) -> ConfigurationStore: ...
    @property
    def revision(self) -> RevisionStore: ...


def a_trial(number: int = 0, study: str = "study", tenant: str = "acme") -> NewTrial:
    """Return a trial that is about to begin."""
    return NewTrial(tenant, study, number, f"{study}-part", PARAMETERS, NOW)


def a_proposal(job_id: str = "job", service: str = "churn", tenant: str = "acme") -> NewProposal:
    """Return a proposal that is about to be made."""
    evidence = {"metric": "roc_auc", "baseline": 0.7, "best": 0.8}
    return NewProposal(tenant, service, job_id, 1, {"max_depth": 3}, evidence, "ann", NOW)


class TrialStoreContract:
    """Trials, which many workers begin and end at the same time."""

    def test_a_trial_that_begins_runs_and_reads_back_as_it_was(self, stores: TuningStores) -> None:
        assert stores.trials.begin(a_trial())

        assert stores.trials.list("acme", "study") == [
            Trial("acme", "study", 0, "study-part", PARAMETERS, NOW, TrialState.RUNNING,
                  1, None, None, None, None, None)
        ]  # fmt: skip

    def test_a_number_is_given_once_in_a_study(self, stores: TuningStores) -> None:
        stores.trials.begin(a_trial())

        again = stores.trials.begin(replace(a_trial(), job_id="other", parameters={}))

        assert again is False
        assert _trials(stores)[0].job_id == "study-part"
        assert stores.trials.begin(a_trial(study="another"))

    def test_of_many_who_begin_the_same_number_one_does(self, stores: TuningStores) -> None:
        begun = at_once(8, lambda i: stores.trials.begin(replace(a_trial(), job_id=f"part-{i}")))

        assert begun.count(True) == 1
        assert len(_trials(stores)) == 1

    def test_trials_are_listed_by_number(self, stores: TuningStores) -> None:
        for number in (2, 0, 10, 1):
            stores.trials.begin(a_trial(number))

        assert [trial.number for trial in _trials(stores)] == [0, 1, 2, 10]

    def test_a_complete_trial_keeps_what_it_measured(self, stores: TuningStores) -> None:
        stores.trials.begin(a_trial())
        metrics, steps = {"roc_auc": 0.1 + 0.2}, {"1": 0.7, "2": 0.5}

        kept = stores.trials.end(
            "acme", "study", 0, Ended(TrialState.COMPLETE, 0.1 + 0.2, metrics, steps), LATER
        )

        (trial,) = _trials(stores)
        assert kept
        assert (trial.state, trial.value, trial.finished_at) == (
            TrialState.COMPLETE, 0.1 + 0.2, LATER,
        )  # fmt: skip
        assert (trial.metrics, trial.steps) == (metrics, steps)

    def test_a_failed_trial_keeps_its_reason(self, stores: TuningStores) -> None:
        stores.trials.begin(a_trial())

        stores.trials.end("acme", "study", 0, Ended(TrialState.FAILED, error="too deep"), LATER)

        assert [(one.state, one.error) for one in _trials(stores)] == [
            (TrialState.FAILED, "too deep")
        ]

    def test_a_trial_ends_once(self, stores: TuningStores) -> None:
        stores.trials.begin(a_trial())

        ended = at_once(
            8,
            lambda i: stores.trials.end(
                "acme", "study", 0, Ended(TrialState.COMPLETE, float(i)), LATER
            ),
        )

        assert ended.count(True) == 1
        assert _trials(stores)[0].value == float(ended.index(True))

    def test_what_never_began_does_not_end(self, stores: TuningStores) -> None:
        assert not stores.trials.end("acme", "study", 0, Ended(TrialState.PRUNED), LATER)
        assert stores.trials.begin_again("acme", "study", 0, LATER) == 0

    def test_tries_of_a_running_trial_are_counted(self, stores: TuningStores) -> None:
        stores.trials.begin(a_trial())

        tries = [stores.trials.begin_again("acme", "study", 0, LATER) for _ in range(2)]

        assert tries == [2, 3]
        (trial,) = _trials(stores)
        assert (trial.tries, trial.started_at, trial.parameters) == (3, LATER, PARAMETERS)

    def test_an_ended_trial_is_not_tried_again(self, stores: TuningStores) -> None:
        stores.trials.begin(a_trial())
        stores.trials.end("acme", "study", 0, Ended(TrialState.PRUNED, steps={"20": 1.0}), LATER)

        assert stores.trials.begin_again("acme", "study", 0, LATER) == 0
        assert _trials(stores)[0].state is TrialState.PRUNED

    def test_a_tenant_sees_and_ends_no_trials_of_another(self, stores: TuningStores) -> None:
        stores.trials.begin(a_trial())

        assert stores.trials.list("other", "study") == []
        assert not stores.trials.end("other", "study", 0, Ended(TrialState.PRUNED), LATER)
        assert stores.trials.begin_again("other", "study", 0, LATER) == 0
        assert stores.trials.begin(a_trial(tenant="other"))
        assert len(_trials(stores)) == 1


class ProposalStoreContract:
    """Proposals, and the revisions that accepting them makes."""

    def test_proposals_are_numbered_from_1_within_their_service(self, stores: TuningStores) -> None:
        made = [
            stores.proposals.propose(a_proposal(job, service)).number
            for job, service in [("a", "churn"), ("b", "churn"), ("c", "fraud")]
        ]

        assert made == [1, 2, 1]
        assert [one.number for one in stores.proposals.list("acme", "churn")] == [2, 1]

    def test_a_proposal_is_open_and_reads_back_as_it_was(self, stores: TuningStores) -> None:
        made = stores.proposals.propose(a_proposal())

        assert made.state is ProposalState.OPEN
        assert stores.proposals.get("acme", "churn", 1) == made
        assert stores.proposals.get("acme", "churn", 2) is None
        assert NewProposal(**_fields(made)) == a_proposal()

    def test_a_job_proposes_once(self, stores: TuningStores) -> None:
        made = at_once(8, lambda _: stores.proposals.propose(a_proposal()))

        assert {one.number for one in made} == {1}
        assert len(stores.proposals.list("acme", "churn")) == 1

    def test_acceptance_makes_the_next_revision_from_the_same_file(
        self, stores: TuningStores
    ) -> None:
        self._declared(stores)
        revision = stores.revision.current()

        accepted = self._accept(stores)

        assert (accepted.state, accepted.revision) == (ProposalState.ACCEPTED, 2)
        assert (accepted.decided_by, accepted.reason) == ("bob", "better")
        newest = stores.configurations.latest("acme", "churn")
        assert newest is not None
        assert (newest.revision, newest.digest, newest.origin) == (2, "tuned", "file")
        assert (newest.declaration, newest.author, newest.derived) == ({"x": 2}, "bob", True)
        assert stores.revision.current() == revision + 1

    def test_the_same_file_again_leaves_an_accepted_revision(self, stores: TuningStores) -> None:
        self._declared(stores)
        self._accept(stores)

        again = stores.configurations.declare("acme", "churn", "file", {"x": 1}, "ann", LATER)

        assert again.revision == 2

    @pytest.mark.parametrize("digest", ["edited", "tuned"])
    def test_an_edited_file_replaces_an_accepted_revision(
        self, stores: TuningStores, digest: str
    ) -> None:
        self._declared(stores)
        self._accept(stores)

        edited = stores.configurations.declare("acme", "churn", digest, {"x": 3}, "ann", LATER)

        assert (edited.revision, edited.origin, edited.derived) == (3, digest, False)

    def test_many_who_accept_make_one_revision(self, stores: TuningStores) -> None:
        self._declared(stores)

        accepted = at_once(8, lambda _: self._accept(stores))

        assert {one.revision for one in accepted} == {2}
        newest = stores.configurations.latest("acme", "churn")
        assert newest is not None
        assert newest.revision == 2

    def test_a_second_proposal_derives_from_the_same_file(self, stores: TuningStores) -> None:
        self._declared(stores)
        self._accept(stores)
        stores.proposals.propose(a_proposal("second"))

        accepted = self._accept(stores, number=2, newest=2, digest="better still")

        newest = stores.configurations.latest("acme", "churn")
        assert newest is not None
        assert (accepted.revision, newest.origin) == (3, "file")

    def test_what_was_declared_meanwhile_is_not_overwritten(self, stores: TuningStores) -> None:
        self._declared(stores)
        stores.configurations.declare("acme", "churn", "edited", {}, "ann", LATER)

        with pytest.raises(Conflict):
            self._accept(stores)

        proposal = stores.proposals.get("acme", "churn", 1)
        assert proposal is not None
        assert proposal.state is ProposalState.OPEN

    def test_a_rejected_proposal_keeps_who_and_why(self, stores: TuningStores) -> None:
        self._declared(stores)

        rejected = stores.proposals.reject("acme", "churn", 1, "bob", "too slow", LATER)
        again = stores.proposals.reject("acme", "churn", 1, "eve", "", LATER)

        assert again == rejected
        assert (rejected.state, rejected.decided_by, rejected.reason, rejected.decided_at) == (
            ProposalState.REJECTED, "bob", "too slow", LATER,
        )  # fmt: skip

    def test_a_decision_stands(self, stores: TuningStores) -> None:
        self._declared(stores)
        stores.proposals.propose(a_proposal("second"))
        stores.proposals.reject("acme", "churn", 1, "bob", "", LATER)
        self._accept(stores, number=2)

        with pytest.raises(Conflict):
            self._accept(stores)
        with pytest.raises(Conflict):
            stores.proposals.reject("acme", "churn", 2, "bob", "", LATER)

    def test_of_one_who_accepts_and_one_who_rejects_one_decides(self, stores: TuningStores) -> None:
        self._declared(stores)

        at_once(6, lambda i: self._try(stores, accept=i % 2 == 0))

        proposal, newest = (
            stores.proposals.get("acme", "churn", 1),
            stores.configurations.latest("acme", "churn"),
        )
        assert proposal is not None
        assert newest is not None
        assert (newest.revision == 2) is (proposal.state is ProposalState.ACCEPTED)

    def test_what_was_never_proposed_cannot_be_decided(self, stores: TuningStores) -> None:
        stores.configurations.declare("acme", "churn", "file", {"x": 1}, "ann", NOW)

        with pytest.raises(NotFound):
            self._accept(stores)
        with pytest.raises(NotFound):
            stores.proposals.reject("acme", "churn", 1, "bob", "", LATER)

    def test_a_tenant_sees_and_decides_nothing_of_another(self, stores: TuningStores) -> None:
        self._declared(stores)

        assert stores.proposals.get("other", "churn", 1) is None
        assert stores.proposals.list("other", "churn") == []
        with pytest.raises(NotFound):
            stores.proposals.reject("other", "churn", 1, "eve", "", LATER)

    @staticmethod
    def _declared(stores: TuningStores) -> None:
        stores.configurations.declare("acme", "churn", "file", {"x": 1}, "ann", NOW)
        stores.proposals.propose(a_proposal())

    @staticmethod
    def _accept(
        stores: TuningStores, number: int = 1, newest: int = 1, digest: str = "tuned"
    ) -> Proposal:
        return stores.proposals.accept(
            "acme",
            "churn",
            number,
            newest=newest,
            digest=digest,
            declaration={"x": 2},
            author="bob",
            reason="better",
            now=LATER,
        )

    def _try(self, stores: TuningStores, *, accept: bool) -> bool:
        try:
            if accept:
                self._accept(stores)
            else:
                stores.proposals.reject("acme", "churn", 1, "eve", "", LATER)
        except Conflict:
            return False
        return True


def _trials(stores: TuningStores) -> Sequence[Trial]:
    return stores.trials.list("acme", "study")


def _fields(proposal: Proposal) -> dict[str, Any]:
    return {name: getattr(proposal, name) for name in NewProposal.__dataclass_fields__}
