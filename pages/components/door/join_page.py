"""The pages on which one joins a class, as HTML without JavaScript."""

from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from core.people.records import ClassRoom, Person

HERE = Path(__file__).resolve().parent
_ASSETS = HERE.parents[2] / "assets"


def code_form(code: str = "", wrong: str = "", to: str = "/") -> str:
    """Return the page that asks for the class code."""
    return page(
        "Join your class",
        f"""<h1>Join your class</h1>
<p>Your teacher has the code of your class.</p>{wrong_line(wrong)}
<form method="post" action="/join">{hidden_to(to)}
<label for="code">Class code</label>
<input class="code" type="text" id="code" name="code" value="{escape(code)}" autocomplete="off"
 autocapitalize="characters" spellcheck="false" required autofocus maxlength="20">
<button>Continue</button>
</form>
<p class="more">Are you the teacher? <a href="/teacher?{_and_to(to)}">Enter with your PIN</a>.</p>""",
    )


def name_form(classroom: ClassRoom, people: Sequence[Person], wrong: str = "", to: str = "/") -> str:
    """Return the page that asks for the name: chosen from the class's list, or typed where the class admits it."""
    free = [one for one in people if not one.joined]
    choices = "".join(
        f'<label><input type="radio" name="chosen" value="{escape(one.name)}"> {escape(one.name)}</label>'
        for one in free
    )
    chosen = f'<fieldset><legend>Choose your name</legend><div class="names">{choices}</div></fieldset>' if free else ""
    typed = f"""<label for="name">{"Or type it" if free else "Your first name"}</label>
<input type="text" id="name" name="name" autocomplete="off" maxlength="40"{"" if free else " required autofocus"}>"""
    if not classroom.open:
        typed = "" if free else "<p>All names on the list of this class have joined. Ask your teacher to add yours.</p>"
    joined = any(one.joined for one in people)
    address = f"/join?code={quote(classroom.code)}&amp;again=1{_and_to(to)}"
    again = f'<p class="more">You have been here before? <a href="{address}">Use your card</a>.</p>'
    return page(
        f"Join {classroom.name}",
        f"""<h1>{escape(classroom.name)}</h1>
<p>Who are you? Others in your class see this name.</p>{wrong_line(wrong)}
<form method="post" action="/join">{hidden_to(to)}<input type="hidden" name="code" value="{escape(classroom.code)}">
{chosen}{typed}
{"<button>Join</button>" if chosen or typed.startswith("<label") else ""}
</form>{again if joined else ""}""",
    )


def card_form(classroom: ClassRoom, name: str = "", wrong: str = "", to: str = "/") -> str:
    """Return the page that asks somebody who was here before for the words on their card."""
    return page(
        f"Back in {classroom.name}",
        f"""<h1>Welcome back</h1>
<p>Type your name and the words on your card.</p>{wrong_line(wrong)}
<form method="post" action="/join">{hidden_to(to)}<input type="hidden" name="code" value="{escape(classroom.code)}">
<input type="hidden" name="again" value="1">
<label for="name">Your name</label>
<input type="text" id="name" name="name" value="{escape(name)}" autocomplete="off" maxlength="40" required>
<label for="card">Your card</label>
<input type="text" id="card" name="card" placeholder="otter-4729" autocomplete="off" autocapitalize="none"
 spellcheck="false" maxlength="40">
<button>Come in</button>
<button class="plain" name="ask" value="1">I have no card: ask the teacher</button>
</form>
<p class="more"><a href="/join?code={quote(classroom.code)}{_and_to(to)}">Join with another name</a></p>""",
    )


def welcome(person: Person, card: str, to: str = "/") -> str:
    """Return the page that shows a new card."""
    return page(
        "Your card",
        f"""<h1>Hello, {escape(person.name)}</h1>
<p>This is your card. Copy it down: with it you get back to your work on another computer.</p>
<div class="card">{escape(card)}</div>
<p>Your photos and models are yours alone. Your teacher can see them too.</p>
<a class="button" href="{escape(to)}">Start</a>""",
    )


def waiting_page(person: Person, to: str = "/") -> str:
    """Return the page of somebody whom the teacher has to let in; it looks again by itself."""
    return page(
        "Waiting for your teacher",
        f"""<h1>Ask your teacher</h1>
<p>Your teacher sees that somebody wants to come in as {escape(person.name)}, and can let you in.</p>
<p>This page goes on by itself.</p>
<form method="post" action="/leave"><button class="plain">Stop waiting</button></form>""",
        f'<meta http-equiv="refresh" content="3; url=/join?{_and_to(to)}">',
    )


def pin_form(wrong: str = "", to: str = "/") -> str:
    """Return the page on which the teacher enters."""
    return page(
        "Teacher",
        f"""<h1>Teacher</h1>
<p>The terminal showed your PIN when the server was started for the first time.</p>{wrong_line(wrong)}
<form method="post" action="/teacher">{hidden_to(to)}
<label for="pin">PIN</label>
<input type="password" id="pin" name="pin" autocomplete="current-password" required autofocus maxlength="100">
<button>Enter</button>
</form>
<p class="more"><a href="/join?{_and_to(to)}">Join as a pupil</a></p>""",
    )


def leave_form() -> str:
    """Return the page that asks whether to leave; a link alone must not end a visit."""
    return page(
        "Leave",
        """<h1>Leave?</h1>
<p>Your work is saved. You need your card to come back.</p>
<form method="post" action="/leave"><button>Leave</button></form>
<p class="more"><a href="/">Stay</a></p>""",
    )


def goodbye() -> str:
    """Return the page after leaving."""
    return page(
        "You have left",
        """<h1>You have left</h1>
<p>Your work is saved. With your card you can come back, on any computer.</p>
<a class="button" href="/join">Join again</a>""",
    )


def page(title: str, body: str, head: str = "") -> str:
    """Return a whole page outside the app."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · ResNet Studio</title>{head}
<style>{_style()}</style></head>
<body><main><div class="logo" aria-hidden="true">{_logo()}</div>
{body}
</main></body></html>"""


def wrong_line(sentence: str) -> str:
    """Return what was wrong, or nothing."""
    return f'\n<p class="wrong" role="alert">{escape(sentence)}</p>' if sentence else ""


def hidden_to(to: str) -> str:
    """Return the field that carries where to go on."""
    return f'<input type="hidden" name="to" value="{escape(to)}">'


def _and_to(to: str) -> str:
    """Return the end of a link's query that carries where to go on."""
    return f"&amp;to={quote(to, safe='')}"


@cache
def _style() -> str:
    return (HERE / "join.css").read_text(encoding="utf-8")


@cache
def _logo() -> str:
    marks = {"light": "mark.svg", "dark": "mark-dark.svg"}
    return "".join(
        f'<span class="on-{theme}">{(_ASSETS / name).read_text(encoding="utf-8")}</span>'
        for theme, name in marks.items()
    )
