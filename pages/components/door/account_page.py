"""The pages around signing in with an account, as HTML without JavaScript."""

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from core.people.accounts.account import Account
from pages.components.door.join_page import hidden_to, page, wrong_line


def sign_in_page(providers: Mapping[str, str], wrong: str = "") -> str:
    """Return the page with a button for each provider."""
    buttons = "".join(
        f'<p><a class="button" href="/sign-in?with={quote(name)}">Sign in{f" with {escape(shown)}" if shown else ""}'
        "</a></p>"
        for name, shown in providers.items()
    )
    return page(
        "Sign in",
        f"""<h1>Sign in</h1>
<p>Your photos and models are in a workspace of your own. Sign in to open it.</p>{wrong_line(wrong)}
{buttons}
<p class="more">Are you the teacher? <a href="/teacher">Enter with your PIN</a>.</p>""",
    )


def arrival_form(account: Account, code: str, name: str, *, needs_code: bool, wrong: str = "", to: str = "/") -> str:
    """Return the page for somebody who signs in here for the first time: their class and name."""
    why = "Your teacher has the code of your class." if needs_code else "Leave it empty if you have none."
    who = f" as {escape(account.address)}" if account.address else ""
    return page(
        "Welcome",
        f"""<h1>Welcome</h1>
<p>You have signed in{who}. We ask this once.</p>{wrong_line(wrong)}
<form method="post" action="/join">{hidden_to(to)}
<label for="code">Class code</label>
<input class="code" type="text" id="code" name="code" value="{escape(code)}" autocomplete="off"
 autocapitalize="characters" spellcheck="false" maxlength="20"{" required" if needs_code else ""}>
<p>{why}</p>
<label for="name">Your first name</label>
<input type="text" id="name" name="name" value="{escape(name)}" autocomplete="off" maxlength="40" required>
<p>Others in your class see this name.</p>
<button>Start</button>
</form>
<p class="more"><a href="/leave">Use another account</a></p>""",
    )


def sign_out_form() -> str:
    """Return the page that asks whether to sign out; a link alone must not."""
    return page(
        "Sign out",
        """<h1>Sign out?</h1>
<p>Your work is saved. Sign in again to come back to it, on any computer.</p>
<form method="post" action="/leave"><button>Sign out</button></form>
<p class="more"><a href="/">Stay</a></p>""",
    )


def signed_out() -> str:
    """Return the page that goes on to the provider, which is told that they have signed out."""
    return page(
        "You have signed out",
        """<h1>You have signed out</h1>
<p>On a computer that others use too, check that you are signed out of your account as well.</p>
<a class="button" href="/auth/logout">Continue</a>""",
        '<meta http-equiv="refresh" content="1; url=/auth/logout">',
    )


def trouble_page(sentence: str) -> str:
    """Return the page that says why nobody can sign in."""
    return page(
        "Nobody can sign in",
        f"""<h1>Nobody can sign in at the moment</h1>{wrong_line(sentence)}
<p>Tell whoever runs this server.</p>
<p class="more"><a href="/join">Try again</a> · <a href="/teacher">Teacher: enter with your PIN</a></p>""",
    )
