"""The files uploaded on the Data page: copied to disk for the import, and then let go from memory.

Streamlit itself holds every upload in the server's memory, up to server.maxUploadSize for each file, until it is
removed from the list, the import starts, or the tab is closed. The import plan holds none of it.
"""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.data.importing.plan_import import Upload
from core.data.importing.upload_spool import UploadSpool
from pages.components.shared import frame

SPOOL, FILE_IDS = "add-spool", "add-file-ids"


def uploads_on_disk(files: Sequence[UploadedFile]) -> list[Upload]:
    """Return the uploads as copies on disk, which the last plan that uses them deletes when it goes."""
    spool = st.session_state.setdefault(SPOOL, UploadSpool(frame.workspace().cache))
    copies = spool.copies((file.file_id, file) for file in files)
    st.session_state[FILE_IDS] = [file.file_id for file in files]
    return [Upload(file.name, copy) for file, copy in zip(files, copies, strict=True)]


def release_uploads() -> None:
    """Let go of the uploads: Streamlit would keep them in memory until the tab is closed."""
    st.session_state.pop(SPOOL, None)
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file_id in st.session_state.get(FILE_IDS, ()):
            context.uploaded_file_mgr.remove_file(context.session_id, file_id)
    st.session_state.pop(FILE_IDS, None)
