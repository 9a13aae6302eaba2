"""A late request of the previous page never changes which page is open."""

from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from pages.components.shared.late_requests import keep_pages_whole


def test_a_late_part_of_the_page_before_does_not_undo_going_to_another() -> None:
    keep_pages_whole()
    requests = ScriptRequests()
    requests.request_rerun(RerunData(page_script_hash="data", page_name="Data", query_string="project=2"))
    requests.request_rerun(RerunData(page_script_hash="annotate", query_string="project=1", fragment_id="desk"))
    asked = requests.on_scriptrunner_ready().rerun_data
    assert (asked.page_script_hash, asked.page_name, asked.query_string) == ("data", "Data", "project=2")
    assert not asked.fragment_id_queue


def test_parts_of_the_open_page_and_whole_pages_are_asked_for_as_ever() -> None:
    keep_pages_whole()
    requests = ScriptRequests()
    requests.request_rerun(RerunData(page_script_hash="annotate", fragment_id="desk"))
    requests.request_rerun(RerunData(page_script_hash="annotate", fragment_id="pulse"))
    assert requests.on_scriptrunner_ready().rerun_data.fragment_id_queue == ["desk", "pulse"]
    requests.request_rerun(RerunData(page_script_hash="annotate", fragment_id="desk"))
    requests.request_rerun(RerunData(page_script_hash="data"))
    assert requests.on_scriptrunner_ready().rerun_data.page_script_hash == "data"
