"""Files that SharePoint changes as it stores them: it writes properties into documents, so that
size and digest are others than those of what was sent (onedrive-api-docs #935: by design). Pure."""

from __future__ import annotations

_EXTENSIONS = frozenset(
    {"doc", "docm", "docx", "dot", "dotm", "dotx", "one", "pdf", "pot", "potm", "potx", "pps"}
    | {"ppsm", "ppsx", "ppt", "pptm", "pptx", "pub", "vsd", "vsdm", "vsdx", "xls", "xlsb", "xlsm"}
    | {"xlsx", "xlt", "xltm", "xltx", "aspx", "htm", "html", "mht", "mhtml", "msg"}
)


def is_rewritten(name: str) -> bool:
    """Whether a library may change a file of that name."""
    _, dot, extension = name.rpartition(".")
    return bool(dot) and extension.casefold() in _EXTENSIONS
