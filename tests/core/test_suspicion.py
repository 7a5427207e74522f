"""One odd answer stops nobody, two do, and one job alone stops only itself."""

from __future__ import annotations

import pytest

from veo_core.domain.suspicion import Step, Suspicion
from veo_core.errors import Proof

KNOWN, LIKELY, WORDS = Proof.KNOWN, Proof.LIKELY, Proof.WORDS
TAKEN = "taken"


def steps(*happened: tuple[int, Proof | str]) -> list[Step]:
    """What each refusal led to; a pause ends with the next submission that is taken."""
    suspicion, found = Suspicion(), list[Step]()
    for job_id, what in happened:
        if isinstance(what, Proof):
            suspicion, step = suspicion.after_refusal(job_id, what)
            found.append(step)
        else:
            suspicion = suspicion.after_acceptance(job_id)
    return found


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ([(1, KNOWN)], [Step.PAUSE]),
        ([(1, LIKELY)], [Step.AGAIN]),
        ([(1, LIKELY), (1, LIKELY)], [Step.AGAIN, Step.PAUSE]),
        ([(1, LIKELY), (2, LIKELY)], [Step.AGAIN, Step.PAUSE]),
        ([(1, LIKELY), (2, TAKEN), (1, LIKELY)], [Step.AGAIN, Step.FAIL]),
        ([(1, WORDS), (1, WORDS)], [Step.AGAIN, Step.FAIL]),
        ([(1, WORDS), (1, WORDS), (2, WORDS)], [Step.AGAIN, Step.FAIL, Step.PAUSE]),
        ([(1, WORDS), (2, TAKEN), (1, WORDS)], [Step.AGAIN, Step.FAIL]),
        ([(1, WORDS), (1, TAKEN), (1, WORDS)], [Step.AGAIN, Step.AGAIN]),
        ([(1, WORDS), (3, TAKEN), (2, WORDS)], [Step.AGAIN, Step.AGAIN]),
        ([(1, KNOWN), (2, TAKEN)] * 3 + [(1, KNOWN)], [Step.PAUSE] * 3 + [Step.FAIL]),
        ([(1, KNOWN), (1, KNOWN), (1, KNOWN), (1, KNOWN)], [Step.PAUSE] * 4),
    ],
)
def test_what_an_answer_that_looks_like_the_account_leads_to(
    happened: list[tuple[int, Proof | str]], expected: list[Step]
) -> None:
    assert steps(*happened) == expected


@pytest.mark.parametrize("proof", Proof)
def test_while_everybody_waits_no_job_fails_for_it(proof: Proof) -> None:
    suspicion = Suspicion().after_refusal(1, WORDS)[0].after_acceptance(2)

    _, step = suspicion.after_refusal(1, proof, is_paused=True)

    assert step is Step.PAUSE


def test_what_is_remembered_is_bounded() -> None:
    suspicion = Suspicion()
    for job_id in range(1000):
        suspicion, _ = suspicion.after_refusal(job_id, KNOWN)

    assert len(suspicion.refused) == 200
    for job_id in range(1000, 2000):
        suspicion = suspicion.after_refusal(job_id, KNOWN)[0].after_acceptance(1)
    assert len(suspicion.alone) <= 200
