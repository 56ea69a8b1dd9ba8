"""A foreign AS2 implementation (pyas2lib) behind lines of JSON: builds messages, reads them, gives receipts, reads those.

Each line of standard input is a question, each line of standard output its answer; bytes are base64.
"""

import base64
import json
import re
import sys
import time

# oscrypto 1.3.0 takes no version of OpenSSL with two digits, such as 3.0.10, for one.
_search = re.search


def _lenient(pattern, text, flags=0):
    if isinstance(pattern, str):
        pattern = pattern.replace(r"(\d\.\d\.\d[a-z]*)", r"(\d+\.\d+\.\d+[a-z]*)")
    return _search(pattern, text, flags)


re.search = _lenient
from pyas2lib.as2 import Mdn, Message, Organization, Partner  # noqa: E402

re.search = _search

SENT = {}


def organization(question):
    key = question["own_pem"].encode()
    return Organization(
        as2_name=question["own_name"],
        sign_key=key,
        sign_key_pass=None,
        decrypt_key=key,
        decrypt_key_pass=None,
        mdn_url=question.get("mdn_url"),
        domain="peer.example",
    )


def partner(question):
    agreed = question["agreed"]
    certificate = question["partner_pem"].encode()
    return Partner(
        as2_name=question["partner_name"],
        verify_cert=certificate,
        encrypt_cert=question.get("encrypt_pem", question["partner_pem"]).encode(),
        validate_certs=False,
        compress=agreed.get("compress", False),
        sign=agreed.get("sign", False),
        digest_alg=agreed.get("digest", "sha256"),
        encrypt=agreed.get("encrypt", False),
        enc_alg=agreed.get("cipher", "aes_256_cbc"),
        mdn_mode=agreed.get("mdn_mode"),
        mdn_digest_alg=agreed.get("mdn_digest"),
        sign_alg=agreed.get("sign_alg", "rsassa_pkcs1v15"),
        key_enc_alg=agreed.get("key_alg", "rsaes_pkcs1v15"),
    )


def wire(payload):
    fields = [[name, " ".join(str(value).split())] for name, value in payload.headers.items()]
    return {"fields": fields, "body": base64.b64encode(payload.content).decode()}


def raw(question):
    head = "".join(f"{name}: {value}\r\n" for name, value in question["fields"])
    return head.encode() + b"\r\n" + base64.b64decode(question["body"])


def build(question):
    message = Message(sender=organization(question), receiver=partner(question))
    message.build(
        base64.b64decode(question["content"]),
        filename="peer.xml",
        content_type=question.get("content_type", "application/xml"),
        message_id=question.get("message_id"),
    )
    SENT[message.message_id] = message
    answer = wire(message)
    answer["message_id"] = message.message_id
    return answer


def read(question):
    message = Message()
    seen = question.get("seen", False)
    status, error, receipt = message.parse(
        raw(question),
        find_org_cb=lambda name: organization(question) if name == question["own_name"] else None,
        find_partner_cb=lambda name: partner(question) if name == question["partner_name"] else None,
        find_message_cb=lambda message_id, name: seen,
    )
    answer = {"status": status, "error": str(error[0]) if error[0] else "", "signed": message.signed}
    answer.update({"encrypted": message.encrypted, "compressed": message.compressed})
    content = message.content or b""
    answer["content"] = base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()
    if receipt:
        answer["receipt"] = wire(receipt)
        answer["receipt_url"] = receipt.mdn_url
    return answer


def read_receipt(question):
    receipt = Mdn()
    status, detail = receipt.parse(raw(question), lambda message_id, _: SENT.get(message_id))
    return {"status": status, "detail": detail, "message_id": receipt.orig_message_id}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        began = time.monotonic()
        try:
            answer = {"build": build, "read": read, "read_receipt": read_receipt}[question["op"]](question)
        except Exception as error:  # what went wrong is what the test wants to see
            answer = {"failed": f"{type(error).__name__}: {error}"}
        answer["seconds"] = time.monotonic() - began
        print(json.dumps(answer), flush=True)


main()
