"""What the journal's file looks like, version by version."""

from __future__ import annotations

SCHEMA_VERSION = 3
PAGE_SIZE = 4096  # bytes; fixed, so that pages are found even when the file's header is gone

_JOB = """CREATE TABLE job (
    id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL,
    op TEXT NOT NULL,
    source_endpoint TEXT NOT NULL, source_path BLOB NOT NULL,
    target_endpoint TEXT NOT NULL, target_path BLOB NOT NULL,
    size INTEGER, source_version TEXT, modified REAL, mode INTEGER,
    within BLOB NOT NULL, source_within BLOB NOT NULL, keep BLOB NOT NULL,
    carry TEXT NOT NULL,
    verify TEXT NOT NULL, expected TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    begun INTEGER NOT NULL, sent INTEGER NOT NULL, prefix TEXT NOT NULL,
    upload TEXT, replacing TEXT, agreed TEXT, digest TEXT NOT NULL, committed INTEGER NOT NULL,
    proof_word TEXT, proof_algorithm TEXT, proof_source TEXT, proof_target TEXT, proof_how TEXT,
    state TEXT NOT NULL, policy TEXT NOT NULL, priority INTEGER NOT NULL,
    attempt INTEGER NOT NULL, restarts INTEGER NOT NULL, crashes INTEGER NOT NULL,
    reason TEXT NOT NULL, park TEXT, asks TEXT NOT NULL, cancelling INTEGER NOT NULL,
    pausing INTEGER NOT NULL, started REAL, ended REAL,
    core_sum INTEGER NOT NULL, status_sum INTEGER NOT NULL
) STRICT"""

SCHEMA = (
    _JOB,
    """CREATE TABLE event (
    first INTEGER NOT NULL, last INTEGER NOT NULL, at REAL NOT NULL,
    before TEXT, after TEXT NOT NULL, why TEXT NOT NULL, sum INTEGER NOT NULL
) STRICT""",
    "CREATE INDEX event_first ON event (first)",
    "CREATE INDEX event_range ON event (last) WHERE last > first",
    """CREATE TABLE part (
    job INTEGER NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
    receipt TEXT NOT NULL, sum INTEGER NOT NULL
) STRICT""",
    "CREATE UNIQUE INDEX part_number ON part (job, number)",
    "CREATE TABLE setting (name TEXT NOT NULL, value TEXT NOT NULL, sum INTEGER NOT NULL) STRICT",
    "CREATE UNIQUE INDEX setting_name ON setting (name)",
    """CREATE TABLE seal (
    one INTEGER PRIMARY KEY, schema INTEGER NOT NULL, jobs INTEGER NOT NULL,
    total INTEGER NOT NULL, sum INTEGER NOT NULL
) STRICT""",
)
"""`sum`: `journal_rows.checksum` of the row's other values. `seal` binds the rows of all jobs
together, as of the last commit: rows that are whole, but of different moments, are noticed. Every
later version keeps `seal.schema`: a version in the header alone is a flipped bit."""
