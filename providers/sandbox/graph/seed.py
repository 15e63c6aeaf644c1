"""What an account holds at the beginning; the same in each run."""

from __future__ import annotations

from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.world import Site, World

GROUP = "b2b6f7a0-3c39-4d0c-9a0f-5b1a4f5c0001"


def fill(world: World) -> None:
    """A drive of one's own, what another shares; for a company also sites with libraries."""
    business = world.profile.business
    own = world.add_drive(world.profile.name, "OneDrive")
    world.own_drive = own.id
    own.add(own.root, "Documents", "folder")
    own.add(own.root, "Notebook", "package")
    _share(world, own)
    if business:
        _sites(world)


def _share(world: World, own: Drive) -> None:
    """A folder of another's: in sharedWithMe, and as a shortcut in one's own root."""
    zero_first = "" if world.profile.business else f"0{world.ids.hex(15)}"
    other = world.add_drive(world.profile.name, "OneDrive", zero_first)
    other.owner = "Ann"
    folder = other.add(other.root, "Ann's papers", "folder")
    file = other.add(folder, "tides.csv", "file")
    other.put(file, b"day,height\n1,2.4\n")
    private = other.add(other.root, "diary.txt", "file")
    other.put(private, b"for nobody else\n")
    other.shared_with_me.add(folder.id)
    shortcut = own.add(own.root, "Ann's papers", "remote")
    shortcut.points_to = (other.id, folder.id)
    line = own.loose("Ann's papers", "remote")
    line.points_to = (other.id, folder.id)
    world.shared.append(line)


def _sites(world: World) -> None:
    root = _site(world, "Contoso", "", ("Documents",))
    harbour = _site(world, "Harbour", "/sites/harbour", ("Documents", "Pläne & Karten"))
    world.sites += [root, harbour]
    world.groups[GROUP] = harbour.drives[0]


def _site(world: World, name: str, path: str, libraries: tuple[str, ...]) -> Site:
    site = Site(f"{world.profile.host},{world.ids.guid()},{world.ids.guid()}", name, path)
    for library in libraries:
        drive = world.add_drive("documentLibrary", library)
        drive.site, drive.owner = site.id, name
        welcome = drive.add(drive.root, "welcome.txt", "file")
        drive.put(welcome, f"{name}: {library}\n".encode())
        site.drives.append(drive.id)
    return site
