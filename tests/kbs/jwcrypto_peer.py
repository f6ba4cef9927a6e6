"""Encrypts for a key, or decrypts with it, as jwcrypto does.

  jwcrypto_peer.py check
  jwcrypto_peer.py encrypt KEY.jwk PLAINTEXT OUT.jwe
  jwcrypto_peer.py decrypt KEY.jwk MESSAGE.jwe OUT
"""
import sys

from jwcrypto import jwe, jwk


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    if sys.argv[1] == "check":
        return
    key = jwk.JWK.from_json(read(sys.argv[2]).decode())
    if sys.argv[1] == "encrypt":
        message = jwe.JWE(read(sys.argv[3]), protected='{"alg":"ECDH-ES+A256KW","enc":"A256GCM"}')
        message.add_recipient(key)
        out = message.serialize(compact=False).encode()
    else:
        message = jwe.JWE()
        message.deserialize(read(sys.argv[3]).decode(), key)
        out = message.payload
    with open(sys.argv[4], "wb") as file:
        file.write(out)


main()
