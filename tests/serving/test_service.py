"""The service answers as the predictor does, within its limits, and says in JSON what it does not answer."""

import asyncio
import io
import socket
import struct
import threading
import zlib
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from core.inspection.predicting.predictor import Predictor
from core.models.decision import Decision, FittedOn
from core.models.untrusted.bundle_info import BundleInfo
from core.serving.limits import Limits
from core.serving.service import service
from core.serving.uploads import RequestRefused, Uploads
from tests.inspection.conftest import SMALL, photo, predictor

__all__ = ["predictor"]

URL = "http://127.0.0.1:8000"


def png(seed: int) -> bytes:
    out = io.BytesIO()
    photo(seed).save(out, "PNG")
    return out.getvalue()


def client_of(predictor: Predictor, **settings: object) -> TestClient:
    return TestClient(service(predictor, **settings), base_url=URL, raise_server_exceptions=False)  # type: ignore[arg-type]


@pytest.fixture
def client(predictor: Predictor) -> Iterator[TestClient]:
    with client_of(predictor) as client:
        yield client


def upload(*contents: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("photos", (f"{number}.png", content)) for number, content in enumerate(contents)]


def test_it_answers_several_photos_as_the_predictor_does(client: TestClient, predictor: Predictor) -> None:
    expected = predictor.predict([photo(seed) for seed in range(3)], top=2)
    reply = client.post("/predict?top=2", files=upload(*map(png, range(3))))
    assert reply.status_code == 200
    found = reply.json()
    assert [one["filename"] for one in found["answers"]] == ["0.png", "1.png", "2.png"] and found["refused"] == []
    for answer, prediction in zip(found["answers"], expected, strict=True):
        assert set(answer) == {"filename", "predictions"}
        assert [(one["name"], one["probability"]) for one in answer["predictions"]] == [
            (name, pytest.approx(share)) for name, share in prediction.ranked
        ]


def test_the_decision_of_the_bundle_calibrates_and_leaves_photos_to_a_person(predictor: Predictor) -> None:
    fitted = FittedOn(n=4, created="2026-01-02T03:04:05+00:00")
    predictor.decision = Decision(temperature=4.0, leave_below=0.999, fitted_on=fitted)
    with client_of(predictor) as client:
        answer = client.post("/predict", files=upload(png(0))).json()["answers"][0]
        decides = client.get("/model").json()["decides"]
    assert answer["unsure"] is True
    assert answer["predictions"][0]["probability"] == pytest.approx(predictor.predict([photo(0)])[0].probability)
    assert (decides["temperature"], decides["leave_below"]) == (4.0, 0.999)


def test_photos_that_cannot_be_read_are_listed_with_reasons(client: TestClient) -> None:
    mixed = client.post("/predict", files=upload(png(0), b"nothing"))
    assert mixed.status_code == 200
    assert [one["filename"] for one in mixed.json()["refused"]] == ["1.png"]
    alone = client.post("/predict", files=upload(b"nothing"))
    assert alone.status_code == 422
    assert alone.json()["error"].startswith("0.png was not answered: ") and len(alone.json()["refused"]) == 1


def test_what_strangers_send_is_decoded_in_another_process(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inspection.predicting.predict_files.decode", None)
    assert len(client.post("/predict", files=upload(png(1))).json()["answers"]) == 1


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(client: TestClient) -> None:
    """A small file whose header claims 400 megapixels."""
    size = struct.pack(">II", 40_000, 10_000)
    header = b"IHDR" + size + png(0)[24:29]
    claimed = png(0)[:12] + header + struct.pack(">I", zlib.crc32(header)) + png(0)[33:]
    reply = client.post("/predict", files=upload(claimed))
    assert reply.status_code == 422 and "pixels" in reply.json()["error"]


def test_requests_beyond_the_limits_get_a_plain_sentence(predictor: Predictor) -> None:
    with client_of(predictor, limits=Limits(photos=2, megabytes=1)) as client:
        many = client.post("/predict", files=upload(*[png(0)] * 3))
        large = client.post("/predict", files=upload(b"0" * 2**20))
        body = (
            b'--b\r\ncontent-disposition: form-data; name="p"; filename="p"\r\n\r\n' + b"0" * 2**21 + b"\r\n--b--\r\n"
        )
        headers = {"content-type": "multipart/form-data; boundary=b"}
        undeclared = client.post("/predict", content=iter([body]), headers=headers)
        cut = client.post("/predict", content=body[:100], headers=headers)
    assert (many.status_code, many.json()) == (
        413,
        {"error": "The request has more than 2 photos. Send them in several requests."},
    )
    for reply in (large, undeclared):
        assert reply.status_code == 413 and reply.json()["error"].startswith("The request is larger than 1 MB.")
    assert cut.status_code == 400 and "has no photo" in cut.json()["error"]


def test_requests_without_photos_are_told_what_to_send(client: TestClient) -> None:
    for reply, status, words in (
        (client.post("/predict"), 415, "multipart/form-data"),
        (client.post("/predict", json={}), 415, "application/json"),
        (client.post("/predict", files=[("x", (None, b"1"))]), 400, "has no photo"),
        (client.post("/predict?top=0", files=upload(png(0))), 422, "top"),
        (client.get("/predict"), 405, "method"),
        (client.get("/nothing"), 404, "GET /docs"),
    ):
        assert reply.status_code == status and words in reply.json()["error"], reply.text


def test_a_bug_is_json_too(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("core.serving.answering.predict_files", broken)
    with client_of(predictor) as client:
        reply = client.post("/predict", files=upload(png(0)))
        assert reply.status_code == 500 and "log" in reply.json()["error"]
        assert client.get("/health").json()["requests"] == 0, "the request no longer counts as open"


def test_one_request_too_many_is_told_to_try_again(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def waiting(*_: object, **__: object) -> list[object]:
        begun.set()
        go_on.wait(20)
        return []

    monkeypatch.setattr("core.serving.answering.predict_files", waiting)
    with client_of(predictor, limits=Limits(requests=1)) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/predict", files=upload(png(0)))
        assert begun.wait(20)
        assert client.get("/health").json()["requests"] == 1, "it answers while it predicts"
        busy = client.post("/predict", files=upload(png(0)))
        go_on.set()
        first.result()
    assert busy.status_code == 503 and busy.headers["retry-after"] == "1"


def test_pages_of_other_origins_are_kept_out(predictor: Predictor) -> None:
    other = {"origin": "https://other.example"}
    with client_of(predictor, origins=["https://mine.example"]) as client:
        refused = client.post("/predict", files=upload(png(0)), headers=other)
        rebound = client.get("/health", headers={"host": "other.example:8000"})
        allowed = client.post("/predict", files=upload(png(0)), headers={"origin": "https://mine.example"})
        own = client.post("/predict", files=upload(png(0)), headers={"origin": URL})
    assert refused.status_code == rebound.status_code == 403 and "--allow-origin" in refused.json()["error"]
    assert allowed.headers["access-control-allow-origin"] == "https://mine.example"
    assert own.status_code == 200


def test_a_name_that_is_not_this_machines_is_refused_on_every_address(predictor: Predictor) -> None:
    """Listening on 0.0.0.0: a page that points a name of its own at this machine is of the same origin to a browser."""
    with client_of(predictor, only_loopback=False, hosts=["Class.Example"]) as client:
        for host in ("class.example:8000", "192.168.1.7:8000", "[fe80::1]:8000", "localhost", socket.gethostname()):
            assert client.get("/health", headers={"host": host}).status_code == 200, host
        refused = client.get("/health", headers={"host": "rebound.example:8000"})
    assert refused.status_code == 403 and "--allow-host rebound.example" in refused.json()["error"]
    with client_of(predictor, hosts=["proxied.example"]) as client:
        assert client.get("/health", headers={"host": "proxied.example"}).status_code == 200
        assert client.get("/health", headers={"host": "192.168.1.7"}).status_code == 403


def test_a_slow_upload_holds_no_slot_and_ends_when_no_byte_comes(predictor: Predictor) -> None:
    """One place for a request: while a body trickles in, another client gets its answer."""
    app = service(predictor, limits=Limits(requests=1, silent_seconds=1.0))
    head = b'--b\r\ncontent-disposition: form-data; name="p"; filename="p"\r\n\r\n'
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/predict",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=b")],
        "client": ("10.0.0.1", 1),
    }
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def story() -> tuple[httpx.Response, dict[str, int]]:
        chunks = iter([{"type": "http.request", "body": head, "more_body": True}])

        async def receive() -> MutableMapping[str, Any]:
            chunk = next(chunks, None)
            return chunk or await asyncio.sleep(30, {})

        slow = asyncio.create_task(app(scope, receive, send))
        await asyncio.sleep(0.1)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
            health = (await client.get("/health")).json()
            answered = await client.post("/predict", files=upload(png(0)))
        await slow
        return answered, health

    answered, health = asyncio.run(story())
    assert (health["requests"], health["uploads"]) == (0, 1)
    assert answered.status_code == 200
    assert sent[0]["status"] == 408 and b"No byte" in sent[1]["body"]


def test_one_address_has_only_some_of_the_places_for_uploads() -> None:
    places = Uploads(Limits(uploads=3, uploads_of_one=2))
    with places.place("a"), places.place("a"):
        with pytest.raises(RequestRefused) as refused, places.place("a"):
            pass
        assert refused.value.status == 503
        with places.place("b"):
            assert places.count == 3
            with pytest.raises(RequestRefused), places.place("c"):
                pass
    assert places.count == 0


def test_it_describes_itself_without_the_internet(predictor: Predictor) -> None:
    predictor.name = "<b>owls</b>"
    figures = {"val": {"n": 4, "accuracy": {"value": 0.75}}}
    with client_of(predictor, figures=figures) as client:
        facts = client.get("/model").json()
        page = client.get("/", follow_redirects=True)
        description = client.get("/openapi.json").json()
    assert facts["classes"] == list(predictor.classes) and facts["preprocessing"] == SMALL.as_dict()
    assert facts["figures"] == figures and facts["limits"]["photos"] == 16
    assert page.url.path == "/docs" and "&lt;b&gt;owls" in page.text and "<b>owls" not in page.text
    assert "https://" not in page.text and "http://" not in page.text
    assert set(description["paths"]) == {"/predict", "/model", "/health"}
    assert all(f"<code>{one}" in page.text for one in ("POST /predict", "GET /model", "GET /health"))
    assert "photos" in str(description["paths"]["/predict"]["post"]["requestBody"])


@pytest.mark.parametrize("headers", [{"host": "["}, {"host": "a]"}, {"origin": "http://["}, {"origin": "null"}])
def test_headers_that_are_no_addresses_are_not_let_in_and_are_no_bug(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert client.get("/health", headers=headers).status_code == 403


def test_the_facts_name_no_folder_and_no_person(predictor: Predictor) -> None:
    info = BundleInfo(
        arch="resnet18",
        classes=predictor.classes,
        preprocessing=SMALL.as_dict(),
        weights={"source": "/home/ada/thesis/best.pth"},
        created="2026-01-02T03:04:05+00:00",
    )
    predictor.info = info
    with client_of(predictor, figures={"exam": {"look": 1, "who": "ada"}}) as client:
        facts = client.get("/model")
    assert "ada" not in facts.text
    assert (facts.json()["weights"], facts.json()["figures"]) == ({"source": "best.pth"}, {"exam": {"look": 1}})
