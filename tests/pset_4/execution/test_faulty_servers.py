"""Whole runs against a server that stalls or refuses."""

from __future__ import annotations

import pytest

from csci_utils.network.pace import STALL_SECONDS
from tests.support.pipeline.projects import Project, failures, read_summary
from tests.support.remotes import faults
from tests.support.remotes.faults import HASTY_SECONDS, Fault, FaultProxy
from tests.support.remotes.stores import S3Store


def only_for(name: str, fault: Fault) -> Fault:
    """Return a fault of requests for objects of this name alone."""
    return lambda exchange: (
        fault if exchange.path.split("?")[0].endswith(f"/{name}") else faults.pass_on
    )(exchange)


@pytest.mark.parametrize(
    "seconds",
    [HASTY_SECONDS, pytest.param(STALL_SECONDS, marks=pytest.mark.soak)],
    ids=["short", "real"],
)
def test_beside_an_image_that_stalls_the_others_are_painted(
    seconds: float,
    s3_project: Project,
    s3_store: S3Store,
    proxy: FaultProxy,
    drawing: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("a.png", "slow.png", "z.png"):
        s3_store.write(f"images/{name}", drawing)
    s3_project.drop("one.pth", model)
    proxy.permanent_faults["GET"] = only_for("slow.png", faults.drip(seconds / 6))
    if seconds == HASTY_SECONDS:
        faults.hasten(monkeypatch, lambda head: head.startswith(b"GET ") and b"/slow.png" in head)
    names = ("--image", "a.png", "--image", "slow.png", "--image", "z.png")

    result = s3_project.run("main", *names)

    (failure,) = failures(result)
    assert failure.startswith(f"failed: {s3_store.url}/images/slow.png: the transfer stalled after")
    assert (result.exit_code, read_summary(result)["painted"]) == (1, 2)
    painted = [path for path in s3_store.list() if path.startswith("stylized/")]
    assert painted == ["stylized/one.pth/a.png", "stylized/one.pth/z.png"]


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "SignatureDoesNotMatch", "the secret key is wrong"),
        (400, "ExpiredToken", "the session token has expired"),
        (403, "AccessDenied", "these credentials do not permit this"),
        (403, "RequestTimeTooSkewed", "this machine's clock is wrong"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        "main",
        *(
            pytest.param(name, marks=pytest.mark.soak)
            for name in ("upload", "download", "status", "verify")
        ),
    ],
)
def test_a_run_that_is_refused_ends_after_three_requests(
    command: str,
    status: int,
    code: str,
    message: str,
    s3_project: Project,
    proxy: FaultProxy,
    drawing: bytes,
    model: bytes,
) -> None:
    for name in ("a.png", "b.png", "c.png", "d.png"):
        s3_project.drop(name, drawing)
    s3_project.drop("one.pth", model)
    for method in ("GET", "HEAD", "PUT"):
        proxy.permanent_faults[method] = faults.refuse(status, code)

    result = s3_project.run(command)

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr
    assert len(proxy.methods) <= 3


def test_after_a_refusal_amid_a_run_the_others_are_painted(
    s3_project: Project, s3_store: S3Store, proxy: FaultProxy, drawing: bytes, model: bytes
) -> None:
    for name in ("a.png", "forbidden.png"):
        s3_store.write(f"images/{name}", drawing)
    s3_project.drop("one.pth", model)
    for method in ("GET", "HEAD"):
        proxy.permanent_faults[method] = only_for(
            "forbidden.png", faults.refuse(403, "AccessDenied")
        )

    result = s3_project.run("main", "--image", "a.png", "--image", "forbidden.png")

    (failure,) = failures(result)
    assert failure.startswith(f"failed: {s3_store.url}/images/forbidden.png: AccessDenied: these")
    assert (result.exit_code, read_summary(result)["painted"]) == (1, 1)
