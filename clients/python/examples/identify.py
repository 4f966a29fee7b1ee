"""Enrols a subject in an appliance, searches for it, and prints the candidate list.

    python identify.py --server localhost:7443 --pki pki --gallery lab reference.iso probe.iso

`pki` is a folder as `whorl pki init` writes it: ca.pem, enroller.pem and .key, searcher.pem and .key. Without --pki the server is
taken to be one on the loopback without TLS. A candidate list is a lead for an examiner, never a verdict.
"""

import argparse
import sys
import uuid
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from whorl_client.v1 import common_pb2, gallery_pb2, gallery_pb2_grpc, search_pb2, search_pb2_grpc


def channel(server: str, pki: Path | None, name: str) -> grpc.Channel:
    """A connection as the client `name`."""
    if pki is None:
        return grpc.insecure_channel(server)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(pki / "ca.pem").read_bytes(),
        private_key=(pki / f"{name}.key").read_bytes(),
        certificate_chain=(pki / f"{name}.pem").read_bytes(),
    )
    return grpc.secure_channel(server, credentials)


def enroll(gallery: gallery_pb2_grpc.GalleryStub, name: str, template: bytes) -> tuple[str, int]:
    """Enrols one subject under a new name; it can be searched when this returns."""
    subject = f"subject-{uuid.uuid4()}"
    request = gallery_pb2.EnrollRequest(
        request_id=str(uuid.uuid4()),  # sent again after a lost connection, it changes nothing
        gallery=name,
        subject=subject,
        encounter="1",
        templates=[template],
    )
    return subject, gallery.Enroll(request, timeout=10).receipt.sequence


def identify(search: search_pb2_grpc.SearchStub, name: str, template: bytes) -> search_pb2.IdentifyResponse:
    """Searches, and tells on standard error how far it is."""
    request = search_pb2.IdentifyRequest(
        gallery=name,
        templates=[template],
        purpose=common_pb2.PURPOSE_SYSTEM_TEST,
        max_candidates=5,
    )
    for event in search.IdentifyStream(request, timeout=60):
        match event.WhichOneof("event"):
            case "accepted":
                print(f"search {event.accepted.search_id}", file=sys.stderr)
            case "progress":
                print(f"{event.progress.compared} of {event.progress.of} compared", file=sys.stderr)
            case "answer":
                return event.answer
    raise RuntimeError("the server ended the search without an answer")


def explain(error: grpc.RpcError) -> str:
    """What a server has to say about a refusal: message, wrong fields, when to come again."""
    lines = [f"{error.code().name}: {error.details()}"]
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        wrong, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(wrong):
            lines += [f"  {violation.field}: {violation.description}" for violation in wrong.field_violations]
        elif detail.Unpack(retry):
            lines.append(f"  come again in {retry.retry_delay.ToTimedelta().total_seconds():.1f} s")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="localhost:7443", metavar="HOST:PORT")
    parser.add_argument("--pki", type=Path, metavar="DIR")
    parser.add_argument("--gallery", default="lab")
    parser.add_argument("reference", type=Path)
    parser.add_argument("probe", type=Path)
    arguments = parser.parse_args()
    try:
        with channel(arguments.server, arguments.pki, "enroller") as connection:
            stub = gallery_pb2_grpc.GalleryStub(connection)
            subject, sequence = enroll(stub, arguments.gallery, arguments.reference.read_bytes())
        print(f"enrolled {subject} at {sequence}")
        with channel(arguments.server, arguments.pki, "searcher") as connection:
            stub = search_pb2_grpc.SearchStub(connection)
            answer = identify(stub, arguments.gallery, arguments.probe.read_bytes())
    except grpc.RpcError as error:
        print(explain(error), file=sys.stderr)
        return 1
    for candidate in answer.candidates:
        print(f"{candidate.rank:>3}  LLR {candidate.llr:7.2f}  FPIR {candidate.fpir.value:.1e}  {candidate.subject}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
