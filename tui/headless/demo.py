"""`wharfie demo`: the panes, or a check of every provider, on loopback servers with sample data."""

from __future__ import annotations

import tempfile
from pathlib import Path

from providers.access import Access
from providers.base import Place
from providers.location import LOCAL, parse
from providers.registry import open_provider
from providers.sandbox.sample import BUCKET
from providers.sandbox.start import Sandbox
from providers.sites import Site, Sites
from transfers.engine import Engine
from transfers.model import Enqueue, Job, JobState, Op, ProofWord, Verify
from transfers.scan import plan_tree
from tui import format as fmt
from tui.headless.follow import follow, send
from tui.headless.reach import of_engine
from tui.headless.report import Report
from tui.headless.screen import require_terminal, show_panes
from tui.settings import Home, home_in, make_private

_ROUTE_WIDTH = 17
_BUCKETS, _DRIVE = "buckets", "drive"
"""The names of the demo's sites: a bucket or a drive has no address that says whose it is."""


def run_demo(*, check: bool) -> int:
    """Start the servers, show or check, and leave nothing behind. Raises ProviderError."""
    with Sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="wharfie-demo-home-") as name:
        home = home_in(Path(name))
        make_private(home.queue)
        access = demo_access(sandbox, home, by_token=check)
        if check:
            return _check(sandbox, home, access)
        left = Place(LOCAL, str(sandbox.local_root))
        right = Place(sandbox.endpoint, sandbox.remote_root)
        require_terminal()
        engine = Engine(home.queue, lambda endpoint: open_provider(endpoint, access))
        try:
            # Its servers and its memory live in this process, and so does its queue.
            servers = (sandbox.web_endpoint, sandbox.dav_endpoint, sandbox.endpoint)
            offered = tuple(f"{endpoint}/" for endpoint in servers)
            return show_panes(engine, access, left, right, verify=Verify.STRONG, recent=offered)
        finally:
            engine.close()


def demo_access(sandbox: Sandbox, home: Home, *, by_token: bool = False) -> Access:
    """What opens the sandbox's servers, and nothing of the person's own.

    `by_token`: its drive is opened with a token that is there; else a person signs in to it.
    """
    home.known_hosts.write_text(sandbox.known_hosts_line + "\n", encoding="ascii")
    sites = Sites(home.sites_file)
    access = Access(
        home.known_hosts,
        use_agent=False,
        use_default_keys=False,
        sites=sites,
        settings={
            "WHARFIE_GRAPH_BASE": sandbox.graph_base,
            "WHARFIE_LOGIN_BASE": sandbox.login_base,
        },
    )
    access.secrets.put(sandbox.endpoint, "password", sandbox.password)
    access.secrets.put(sandbox.web_endpoint, "password", sandbox.web_password)
    access.secrets.put(sandbox.dav_endpoint, "password", sandbox.dav_password)
    values = {"preset": "other", "endpoint_url": sandbox.s3_url, "bucket": BUCKET}
    values |= {"access_key_id": sandbox.s3_key_id, "proxy": "none"}
    site = sites.add(Site(_BUCKETS, "s3", values))
    access.secrets.put(sites.place(site).endpoint, "password", sandbox.s3_secret)
    values = {"client_id": sandbox.drive_client_id, "tenant": "consumers", "proxy": "none"}
    values |= {"names": "map"} | ({"sign_in": "token"} if by_token else {})
    drive = sites.add(Site(_DRIVE, "onedrive", values))
    if by_token:
        access.secrets.put(sites.place(drive).endpoint, "token", sandbox.drive_token)
    return access


def _check(sandbox: Sandbox, home: Home, access: Access) -> int:
    """Copy the samples along every route, each file read back and compared."""
    back = sandbox.local_root.parent / "came-back"
    s3 = parse(f"{_BUCKETS}:", access.sites).endpoint
    drive = parse(f"{_DRIVE}:", access.sites).endpoint
    routes = (
        ("local → sftp", LOCAL, str(sandbox.local_root), sandbox.endpoint, "/from-local"),
        ("sftp → sftp", sandbox.endpoint, "/from-local", sandbox.endpoint, "/copied-there"),
        ("sftp → local", sandbox.endpoint, "/copied-there", LOCAL, str(back)),
        ("http → local", sandbox.web_endpoint, "/", LOCAL, f"{back}-web"),
        ("local → http", LOCAL, f"{back}-web", sandbox.web_endpoint, "/from-local"),
        ("webdav → local", sandbox.dav_endpoint, "/", LOCAL, f"{back}-dav"),
        ("local → webdav", LOCAL, f"{back}-dav", sandbox.dav_endpoint, "/from-local"),
        ("http → webdav", sandbox.web_endpoint, "/docs", sandbox.dav_endpoint, "/docs"),
        ("s3 → local", s3, f"/{BUCKET}", LOCAL, f"{back}-s3"),
        ("local → s3", LOCAL, f"{back}-s3", s3, f"/{BUCKET}/from-local"),
        ("s3 → s3", s3, f"/{BUCKET}/from-local", s3, f"/{BUCKET}/copied-there"),
        ("s3 → sftp", s3, f"/{BUCKET}/copied-there", sandbox.endpoint, "/from-bucket"),
        ("http → s3", sandbox.web_endpoint, "/docs", s3, f"/{BUCKET}/docs"),
        ("local → onedrive", LOCAL, f"{back}-s3", drive, "/from-local"),
        ("onedrive → s3", drive, "/from-local", s3, f"/{BUCKET}/from-drive"),
        ("onedrive → local", drive, "/from-local", LOCAL, f"{back}-drive"),
        ("sftp → onedrive", sandbox.endpoint, "/from-bucket", drive, "/from-sftp"),
        ("local → memory", LOCAL, str(back), "memory://demo", "/"),
        ("memory → local", "memory://demo", "/", LOCAL, f"{back}-again"),
    )
    engine = Engine(home.queue, lambda endpoint: open_provider(endpoint, access))
    print(f"{'route':{_ROUTE_WIDTH}} {'files':>6} {'bytes':>10}  proven")
    try:
        fine = [
            _route(engine, access, title, Place(source, path), Place(target, folder))
            for title, source, path, target, folder in routes
        ]
    finally:
        engine.close()
    print("all copies proven" if all(fine) else "NOT all copies proven")
    return 0 if all(fine) else 1


def _route(engine: Engine, access: Access, title: str, source: Place, target: Place) -> bool:
    """Copy everything below `source` into `target`; print a line of the table."""
    there, here = (open_provider(place.endpoint, access) for place in (source, target))
    try:
        entries = [entry for page in there.list_dir(source.path) for entry in page]
        jobs = plan_tree(there, entries, source.endpoint, here, target, move=False)
    finally:
        there.close()
        here.close()
    report = _Quiet(as_json=False)
    ids = send(of_engine(engine), Enqueue(jobs, verify=Verify.STRONG), report)
    follow(of_engine(engine), dict(zip(ids, jobs, strict=True)), report)
    proofs = ", ".join(f"{n} × {proof}" for proof, n in sorted(report.proofs.items()))
    files = [job for job in report.jobs if job.op is Op.COPY]
    size = fmt.size(report.size)
    print(f"{title:{_ROUTE_WIDTH}} {len(files):>6} {size:>10}  {proofs}")
    failed = [job for job in report.jobs if job.state is not JobState.DONE]
    for job in failed:
        print(f"  {job.state}: {job.reason}")
    proven = all(job.proof is not None and job.proof.word is ProofWord.SHA256 for job in files)
    return proven and bool(files) and not failed


class _Quiet(Report):
    """Counts and keeps, prints nothing."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__(as_json)
        self.jobs: list[Job] = []

    def job(self, job: Job) -> None:
        self.jobs.append(job)
        self.count(job)
