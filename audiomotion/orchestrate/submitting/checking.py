"""Check a cluster before anything is submitted: always, since it takes seconds."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from audiomotion.errors import ClusterError
from audiomotion.orchestrate.jobs import Jobs
from audiomotion.orchestrate.submitting.code import Code
from audiomotion.orchestrate.submitting.node import Questions
from audiomotion.orchestrate.submitting.probe import QUESTIONS
from audiomotion.orchestrate.submitting.shared_store import (
    is_url,
    remove_marks,
    write_witness,
)
from audiomotion.orchestrate.submitting.short_job import answer_of, entrypoint
from audiomotion.orchestrate.submitting.submission import Submission
from audiomotion.orchestrate.submitting.verdict import ClusterFacts, Finding, judge

_PROBE: Final = "audiomotion.orchestrate.submitting.probe"


def check_cluster(
    jobs: Jobs, code: Code, submission: Submission, environment: Mapping[str, str]
) -> list[Finding]:
    """Ask every node whether it can run a submission; return what was found.

    Raises:
        ClusterError: The check could not run at all.
    """
    questions = Questions(
        nonce=secrets.token_hex(6),
        store=submission.store,
        data_folders=submission.raw_data,
        weights=submission.weights,
        packages=code.projects,
    )
    if submission.store_is_here:
        Path(submission.store).mkdir(parents=True, exist_ok=True)
    if submission.store and not is_url(submission.store) and Path(submission.store).is_dir():
        # Also a folder of this machine: then it has to be the same one.
        witness = write_witness(Path(submission.store), questions.nonce)
        questions = replace(questions, witness=witness)
    name = f"amx-probe-{questions.nonce}"
    variables = submission.variables(environment, name)
    variables[QUESTIONS] = json.dumps(asdict(questions))
    try:
        answer = answer_of(jobs, code, name, entrypoint(_PROBE), variables)
    finally:
        if questions.witness:
            remove_marks(questions.store, questions.nonce, [questions.witness])
    return judge(ClusterFacts.from_json(answer), questions)


def raise_for_findings(findings: Sequence[Finding], say: Callable[[str], None]) -> None:
    """Say the warnings of a check.

    Raises:
        ClusterError: Something fails; the message has all of it.
    """
    for finding in findings:
        if finding.grade == "warn":
            say(f"warning: {finding.text}")
    if failing := [finding.text for finding in findings if finding.grade == "fail"]:
        raise ClusterError("\n".join(failing))
