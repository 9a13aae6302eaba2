"""The command class-server: the app for a class, over https, with its address as a QR code."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from core.cli.console import Json, print_message
from core.cli.ending.json_result import RESULT
from core.errors import StudioError

if TYPE_CHECKING:
    from core.hosting.certificate import Certificate


def class_server(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="The port for the class; 443 needs no number in the address.")
    ] = 8501,
    name: Annotated[
        str | None,
        typer.Option(
            help="A public name of this server, such as studio.school.example. Caddy then gets a certificate for it, "
            "which needs the ports 80 and 443 reachable from the internet."
        ),
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="A certificate of your own, as a PEM file.")] = None,
    key: Annotated[Path | None, typer.Option(help="The key of that certificate, as a PEM file.")] = None,
    people: Annotated[
        Literal["class", "accounts", "alone"],
        typer.Option(
            help="Who is here: class (a code and a name, a workspace for each), accounts (a workspace for each, people "
            "sign in: see docs/accounts.md) or alone (everybody shares all)."
        ),
    ] = "class",
    upload_megabytes: Annotated[
        int, typer.Option(min=1, max=10_000, help="The largest file that may be uploaded.")
    ] = 500,
    without_caddy: Annotated[
        bool, typer.Option("--without-caddy", help="Do not use Caddy, even if it is installed.")
    ] = False,
    behind_proxy: Annotated[
        bool,
        typer.Option("--behind-proxy", help="Speak http: a proxy of yours speaks https, as in compose.yaml."),
    ] = False,
    processes: Annotated[
        int,
        typer.Option(
            min=1,
            max=16,
            help="Processes of the app, about 1.2 GB each, behind Caddy, which sends each browser to the same one.",
        ),
    ] = 1,
    json: Json = False,
) -> None:
    """Start the app for other devices over https, so that phones have a camera; prints its address as a QR code.

    With Caddy (https://caddyserver.com) installed, it adds security headers and certificates for public names. Without
    --name or --certificate, the server signs a certificate itself: browsers warn once, and show the fingerprint that
    is printed here. It is kept in the folder "server" of the workspace. Ctrl+C or SIGTERM ends the server; trainings
    go on.
    """
    from core.hosting.addresses import own_address, own_addresses, own_names
    from core.hosting.certificate import given, self_signed
    from core.hosting.class_server import Settings, find_caddy, run_class_server
    from core.workspace import open_workspace

    if (certificate is None) != (key is None):
        raise StudioError("--certificate and --key belong together. Give both, or neither.")
    caddy = None if without_caddy or behind_proxy else find_caddy()
    if processes > 1 and caddy is None:
        raise StudioError("Several processes need Caddy, which sends each browser to one of them. Install Caddy.")
    root = open_workspace().root
    if certificate is not None and key is not None:
        shown: Certificate | None = given(certificate, key)
    elif behind_proxy or (name and caddy):
        shown = None
    else:
        if name:
            print_message("Caddy is not installed, so browsers will warn of the certificate. See docs/class.md.")
        hosts = [*([name] if name else []), *own_names(), *own_addresses(), "127.0.0.1"]
        shown = self_signed(root, hosts)
    host = name or own_address()
    pin = _first_pin() if people != "alone" else None
    settings = Settings(root, host, port, shown, name, people, upload_megabytes, caddy, processes)
    address = f"https://{host}" if behind_proxy else f"https://{host}{'' if port == 443 else f':{port}'}"

    def ready() -> None:
        if json:  # the command ends only with the server
            RESULT.hold({"address": address, "fingerprint": shown and shown.fingerprint, "caddy": caddy is not None})
            RESULT.print()
            return
        _print_invitation(address, shown, signed_here=certificate is None)
        if people != "alone":
            typer.echo(f"\nThe teacher enters at {address}/teacher and creates the class there.")
            typer.echo(
                f"The teacher's PIN, shown only this once: {pin}"
                if pin
                else "The PIN is the one that was set before. Forgotten? python -m core people pin"
            )

    run_class_server(settings, ready)


def _first_pin() -> str | None:
    from core.people.door import open_register
    from core.people.joining import first_pin

    return first_pin(open_register())


def _print_invitation(address: str, shown: "Certificate | None", *, signed_here: bool) -> None:
    import sys

    import segno

    typer.echo("")
    segno.make(address, error="m").terminal(out=sys.stdout, border=2, compact=True)
    typer.echo(f"\nThe class opens {address}\n")
    if shown is not None and signed_here:
        typer.echo("Each browser warns once of the certificate, because this computer has signed it itself.")
        typer.echo("Its SHA-256 fingerprint:")
        half = len(shown.fingerprint) // 2 + 1
        typer.echo(f"  {shown.fingerprint[:half].rstrip(':')}\n  {shown.fingerprint[half:].lstrip(':')}")
        if shown.made:
            typer.echo("It is new, so browsers that knew an earlier one will warn again.")
    typer.echo("Ctrl+C ends the server. Trainings go on.")
