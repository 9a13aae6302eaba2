"""Everything about a picture that its pixels are needed for; loads no database."""

from dataclasses import dataclass

from core.data.pictures import stored_files
from core.data.pictures.decoding import Decoded, content_hash, decode
from core.data.pictures.near_duplicates import phash_of
from core.data.pictures.network_input.kept_views import keep_usual_view
from core.data.tables.names import storable_name
from core.workspace import Workspace


@dataclass(frozen=True)
class PreparedImage:
    """All that the store needs of a decoded picture, without its pixels."""

    hash: str  # of its content
    filename: str  # the user's name for it, with slashes
    data: bytes  # the file to store
    suffix: str
    width: int  # pixels, upright
    height: int
    phash: int
    remarks: tuple[str, ...]  # of the decoder


def prepare_image(workspace: Workspace, decoded: Decoded, raw: bytes, filename: str) -> PreparedImage:
    """Compute everything that the pixels are needed for, and write the files that are missing.

    The picture is stored unchanged if it is upright RGB, else encoded again. Threads may prepare several pictures at
    the same time. Raises StorageError or DataError where a file cannot be written.
    """
    digest = content_hash(decoded.image)
    if decoded.former_hash and _is_stored(workspace, decoded.former_hash):
        # Added by an earlier version, with colours that are not those of now: one photo must not become two.
        decoded = decode(raw, filename, as_before=True)
        digest = content_hash(decoded.image)
    data, suffix = stored_files.encode(decoded, raw)
    path = stored_files.picture_path(workspace, digest, suffix)
    if not path.is_file():
        stored_files.write_whole(path, data)
    stored_files.write_thumbnail(workspace, digest, decoded, path)
    if decoded.verbatim or suffix != ".jpg":  # a JPEG that was encoded again has slightly other pixels
        keep_usual_view(workspace, digest, decoded.image)
    width, height = decoded.image.size
    phash = phash_of(decoded.image)
    return PreparedImage(digest, storable_name(filename), data, suffix, width, height, phash, decoded.remarks)


def _is_stored(workspace: Workspace, content_hash: str) -> bool:
    return any((workspace.images / content_hash[:2]).glob(f"{content_hash}.*"))
