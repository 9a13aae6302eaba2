"""The forms on which one joins: what they answer, and what they set in the browser."""

from html import unescape

from starlette.testclient import TestClient

from core.people import joining
from core.people.records import ClassRoom
from core.people.register import Register
from pages.components.door import visit


def test_code_name_card_and_the_way_back(browser: TestClient, register: Register, room: ClassRoom) -> None:
    register.add_people(room.id, ["Ada <i>"])
    asked = browser.post("/join", data={"code": room.code.lower(), "to": "/Data?project=1"})
    assert "Ada &lt;i&gt;" in asked.text
    joined = browser.post("/join", data={"code": room.code, "chosen": "Ada <i>", "name": "", "to": "/Data?project=1"})
    assert 'href="/Data?project=1"' in joined.text
    cookie = joined.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie, "over plain http the browser would not send it back"
    card = joined.text.split('<div class="card">')[1].split("<")[0]
    browser.cookies.clear()
    again = browser.post("/join", data={"code": room.code, "again": "1", "name": "ada <i>", "card": card})
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert register.visit(browser.cookies[visit.COOKIE]).person.name == "Ada <i>"


def test_over_https_the_cookie_is_for_https_only(browser: TestClient, register: Register, room: ClassRoom) -> None:
    browser.base_url = "https://class.test"
    assert "Secure" in browser.post("/join", data={"code": room.code, "name": "Ada"}).headers["set-cookie"]


def test_the_page_of_who_waits_goes_on_once_the_teacher_says_so(
    browser: TestClient, register: Register, room: ClassRoom
) -> None:
    ada = joining.join(register, room, "Ada").person
    waits = browser.post("/join", data={"code": room.code, "again": "1", "name": "Ada", "ask": "1"})
    assert "Ask your teacher" in waits.text
    assert browser.get("/Data", headers={"accept": "text/html"}).headers["location"].startswith("/join")
    assert "Ask your teacher" in browser.get("/join").text
    register.let_in(ada.id)
    assert browser.get("/join").headers["location"] == "/"
    assert browser.get("/Data").text == "inside /Data"


def test_links_between_the_forms_lead_to_the_page_that_was_wanted(
    browser: TestClient, register: Register, room: ClassRoom
) -> None:
    """A link to a page of the app led home for whoever chose "Use your card", "Join with another name" or to wait."""
    to = "/Train?project=1&run=a"
    ada = joining.join(register, room, "Ada").person
    names = browser.get("/join", params={"code": room.code, "to": to})
    card = browser.get(link(names.text, "Use your card"))
    assert field(card.text) == to
    assert field(browser.get(link(card.text, "Join with another name")).text) == to
    pin = browser.get(link(browser.get("/join", params={"to": to}).text, "Enter with your PIN"))
    assert field(pin.text) == to
    assert field(browser.get(link(pin.text, "Join as a pupil")).text) == to
    waits = browser.post("/join", data={"code": room.code, "again": "1", "name": "Ada", "ask": "1", "to": to})
    for page in (waits, browser.get(refreshed(waits.text))):
        assert "Ask your teacher" in page.text
    register.let_in(ada.id)
    assert browser.get(refreshed(waits.text)).headers["location"] == to


def link(page: str, words: str) -> str:
    return unescape(page.split(f'">{words}')[0].rsplit('href="', 1)[1])


def field(page: str) -> str:
    return unescape(page.split('name="to" value="')[1].split('"')[0])


def refreshed(page: str) -> str:
    return unescape(page.split("; url=")[1].split('"')[0])


def test_leaving_takes_a_form_and_ends_the_visit(browser: TestClient, register: Register, room: ClassRoom) -> None:
    token = joining.join(register, room, "Ada").token
    browser.cookies.set(visit.COOKIE, token)
    assert "Stay" in browser.get("/leave").text
    assert browser.get("/Data").text == "inside /Data", "a link alone, in a picture of another site, ends nothing"
    assert "You have left" in browser.post("/leave").text
    browser.cookies.set(visit.COOKIE, token)
    assert browser.get("/Data").status_code == 401


def test_forms_from_other_sites_and_ways_to_other_sites_are_refused(browser: TestClient, room: ClassRoom) -> None:
    form = {"code": room.code, "name": "Ada"}
    for header in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}):
        assert browser.post("/join", data=form, headers=header).status_code == 403
    for to in ("https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/" + "x" * 400):
        assert "evil" not in browser.get("/join", params={"to": to}).text
        assert 'name="to" value="/"' in browser.get("/join", params={"to": to}).text


def test_a_wrong_code_a_long_form_and_a_wrong_pin_are_sentences(browser: TestClient, register: Register) -> None:
    joining.set_pin(register, "123456")
    wrong = browser.post("/join", data={"code": "<b>zz"})
    assert (wrong.status_code, "There is no class with the code &lt;B&gt;ZZ" in wrong.text) == (400, True)
    assert "too long" in browser.post("/join", data={"code": "x" * 10_000}).text
    assert "not the teacher&#x27;s PIN" in browser.post("/teacher", data={"pin": "000000"}).text
    assert browser.post("/teacher", data={"pin": "123456"}).headers["location"] == "/"


def test_too_many_guesses_are_answered_with_their_status(browser: TestClient, room: ClassRoom) -> None:
    answers = [browser.post("/join", data={"code": "zzzzzz"}).status_code for _ in range(21)]
    assert answers == [400] * 20 + [429]
