"""What Wharfie keeps here: its directories, the queue, settings and saved secrets."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

from providers.access import Access
from providers.diagnosis import Finding, Step
from providers.environment import ALLOWED, read_settings, settings_in
from providers.errors import ProviderError
from providers.vault import FileVault, KeyringVault, Vault
from transfers.engine import JOURNAL_NAME
from transfers.journal import SCHEMA_VERSION, JournalError
from transfers.lock import QueueInUse
from transfers.reaching import Intruder
from tui.headless.reach import seen
from tui.prepare import open_access
from tui.settings import Home

_LITTLE_ROOM = 100 << 20  # bytes
_MIB = 1 << 20
_SQLITE = b"SQLite format 3\0"
_VERSION_AT = slice(60, 64)  # of the header: "user version" (sqlite.org/fileformat2.html)


def look_at_home(
    home: Home, environ: Mapping[str, str], env_file: Path | None
) -> Iterator[Finding]:
    """Each step by itself. Nothing is made that is not there yet."""
    usable = True
    for directory in dict.fromkeys((home.config, home.queue, home.logs)):
        finding = _directory(directory)
        usable = usable and finding.ok is not False
        yield finding
    if usable:
        yield _queue(home)
    yield _disk(home.queue)
    settings = yield from _settings(
        environ, env_file or home.env_file, required=env_file is not None
    )
    yield from _sites_and_secrets(home, settings)
    yield _known_hosts(home.known_hosts)


def _directory(directory: Path) -> Finding:
    step = Step("home", str(directory))
    try:
        info = directory.stat()
    except FileNotFoundError:
        above = next((path for path in directory.parents if path.exists()), directory)
        if os.access(above, os.W_OK):
            return step.remark(f"{directory} is not there yet: it is made when it is needed")
        return step.wrong(
            f"{directory} is not there, and cannot be made in {above}",
            "Set WHARFIE_HOME to a directory that can be written.",
        )
    except OSError as error:
        return step.wrong(
            f"{directory} cannot be looked at ({error.strerror})",
            "Set WHARFIE_HOME to a directory of your own.",
        )
    return _directory_found(step, directory, info)


def _directory_found(step: Step, directory: Path, info: os.stat_result) -> Finding:
    shown = f"{directory}, mode {stat.S_IMODE(info.st_mode):04o}"
    if not stat.S_ISDIR(info.st_mode):
        return step.wrong(f"{directory} is not a directory", "Move it away.")
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return step.wrong(
            f"{shown}: you may not write there",
            "Make yourself its owner, or set WHARFIE_HOME to another directory.",
        )
    if os.name != "nt" and info.st_uid != os.getuid():
        return step.wrong(
            f"{shown}: it belongs to somebody else",
            "Make yourself its owner, or set WHARFIE_HOME to another directory.",
        )
    if os.name != "nt" and info.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return step.wrong(f"{shown}: others may look into it", f"Run: chmod 700 {directory}")
    return step.fine(shown)


def _queue(home: Home) -> Finding:
    """Whether the journal can be opened, by whoever works it or by us."""
    step = Step("queue")
    journal = home.queue / JOURNAL_NAME
    try:
        version = _version(journal)
        if version is None:
            return step.remark("nothing was ever queued here")
        if version < SCHEMA_VERSION:
            return step.remark(
                f"the queue is of version {version}; the next start brings it to version "
                f"{SCHEMA_VERSION} and keeps a copy"
            )
        snapshot, rows, worked = seen(home, Access(home.known_hosts))
    except (QueueInUse, JournalError, Intruder) as error:
        return step.wrong("the queue cannot be reached", str(error))
    except OSError as error:
        return step.wrong(
            f"{journal} cannot be read ({error.strerror})", "Check its owner and mode."
        )
    who = "a background process works it" if worked else "nobody works it just now"
    told = f"version {version}, {len(rows)} jobs, {snapshot.totals.unfinished} unfinished; {who}"
    return step.remark(told, snapshot.notice) if snapshot.notice else step.fine(told)


def _version(journal: Path) -> int | None:
    """The schema's version as the file's header has it; None: no file. Raises OSError."""
    try:
        with journal.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return None
    if not header.startswith(_SQLITE):
        return SCHEMA_VERSION  # damaged: opening it says so, and saves what can be read
    return int.from_bytes(header[_VERSION_AT], "big")


def _disk(directory: Path) -> Finding:
    step = Step("disk")
    there = next((p for p in (directory, *directory.parents) if p.exists()), Path("/"))
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return step.remark(f"the system does not say how much is free ({error.strerror})")
    told = f"{free // _MIB} MiB are free where the queue is kept"
    if free < _LITTLE_ROOM:
        return step.wrong(told, "Free some space: the queue is saved there before each step.")
    return step.fine(told)


def _settings(
    environ: Mapping[str, str], env_file: Path, *, required: bool
) -> Generator[Finding, None, Mapping[str, str]]:
    """Where settings come from: names only, no values. What they are is returned."""
    step = Step("settings")
    try:
        settings = read_settings(environ, env_file, required=required)
        held = settings_in(env_file)
    except ProviderError as error:
        yield step.failed(error)
        return {}
    given = sorted(name for name in ALLOWED if environ.get(name))
    told = f"the environment has {', '.join(given) or 'none of our names'}; "
    if held is None:
        yield step.fine(f"{told}there is no {env_file}")
        return settings
    told += f"{env_file}, mode {stat.S_IMODE(env_file.stat().st_mode):04o}, has "
    told += ", ".join(sorted(name for name in held if name in ALLOWED)) or "none of them"
    unused = sorted(name for name in held if name not in ALLOWED)
    if unused:
        yield step.remark(f"{told}; not used: {', '.join(unused)}", "Check how they are spelled.")
    else:
        yield step.fine(told)
    return settings


def _sites_and_secrets(home: Home, settings: Mapping[str, str]) -> Iterator[Finding]:
    step = Step("sites")
    try:
        access = open_access(home, settings)
    except ProviderError as error:
        yield step.failed(error)
        return
    problems = access.sites.problems()
    if problems:
        yield step.wrong(f"{home.sites_file} has mistakes", " ".join(dict.fromkeys(problems)))
    else:
        saved = sum(site.origin == "file" for site in access.sites.all())
        made = len(access.sites.all()) - saved
        yield step.fine(f"{saved} saved in {home.sites_file}, {made} made by the settings")
    yield _vault(access.secrets.vault)


def _vault(vault: Vault) -> Finding:
    """Whether secrets can be kept: asked for one that nobody has, within its deadline (F3)."""
    step = Step("secrets")
    if not vault.name:
        return step.fine("they are asked for each time, as settings.toml says")
    vault.get("wharfie doctor", "password", "")
    if vault.problem and isinstance(vault, FileVault):
        return step.wrong(f"they cannot be kept in {vault.name}", vault.problem)
    if vault.problem:
        return step.remark(f"they cannot be kept in {vault.name}", vault.problem)
    return step.fine(f"they can be kept in {vault.name}{_backend(vault)}")


def _backend(vault: Vault) -> str:
    if not isinstance(vault, KeyringVault):
        return ""
    import keyring  # here: finding a backend takes time

    return f" ({keyring.get_keyring().name})"


def _known_hosts(path: Path) -> Finding:
    step = Step("known hosts")
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return step.fine(f"no server is known yet ({path})")
    except OSError as error:
        return step.wrong(
            f"{path} cannot be read ({error.strerror})",
            "Check its owner and mode: no SFTP server can be trusted without it.",
        )
    count = sum(1 for line in lines if line.strip() and not line.lstrip().startswith(b"#"))
    return step.fine(f"{path} has {count} lines")
