#include "broker/secret_reply.h"

#include "svsm/crypto/openssl.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/jwe.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::broker {
namespace {

// The text of the protected header's member `svsm`.
Result<ByteVector> Signature(const Session& session, std::string_view resource,
                             const kbs::JweKeys& keys, ByteView ciphertext,
                             const SigningKey& signer) {
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const Verdict& verdict = session.verdict;
  SVSM_ASSIGN_OR_RETURN(const auto digest,
                        kbs::SecretDigest(sha384,
                                          {.nonce = verdict.nonce,
                                           .svsm_key = verdict.key.point(),
                                           .epk = keys.epk().point,
                                           .report_digest = verdict.report_digest,
                                           .encrypted_key = keys.encrypted_key,
                                           .iv = keys.iv,
                                           .ciphertext = ciphertext},
                                          AsBytes(resource), session.boot));
  SVSM_ASSIGN_OR_RETURN(const SignatureBytes signature, signer.Sign(digest));
  ByteVector text(kbs::kMaxResourceSize + 1024);
  SVSM_ASSIGN_OR_RETURN(const ByteView member,
                        kbs::EncodeSecretSignature({.signer = signer.public_key().jwk(),
                                                    .boot = session.boot,
                                                    .resource = AsBytes(resource),
                                                    .signature = {signature.r, signature.s}},
                                                   text));
  text.resize(member.size());
  return text;
}

Result<ByteVector> ProtectedText(const kbs::EcJwk& epk, ByteView signature) {
  ByteVector header(signature.size() + 1024);
  SVSM_ASSIGN_OR_RETURN(const ByteView json, kbs::EncodeJweHeader(epk, signature, header));
  ByteVector text(kbs::EncodedSize(kbs::Base64::kUrl, json.size()));
  SVSM_TRY(kbs::EncodeBase64(kbs::Base64::kUrl, json, text).status());
  return text;
}

}  // namespace

Result<ByteVector> MakeSecretReply(const Session& session, std::string_view resource,
                                   ByteView plaintext, const SigningKey* signer, crypto::Rng& rng) {
  const kbs::EcJwk recipient = session.verdict.key.jwk();
  crypto::OpensslEcdh ecdh(recipient.curve);
  crypto::OpensslAes aes;
  crypto::OpensslAesGcm aead;
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  kbs::JweKeys keys;
  SVSM_TRY(kbs::MakeJweKeys({ecdh, aes, aead, sha256}, rng, recipient, keys));
  ByteVector ciphertext(plaintext.size());
  Bytes<crypto::kGcmTagSize> tag{};
  ByteVector signature;
  if (signer != nullptr) {
    SVSM_TRY(kbs::SealJwe(aead, keys, {}, plaintext, ciphertext, tag));
    SVSM_ASSIGN_OR_RETURN(signature, Signature(session, resource, keys, ciphertext, *signer));
  }
  SVSM_ASSIGN_OR_RETURN(const ByteVector protected_text, ProtectedText(keys.epk(), signature));
  SVSM_TRY(kbs::SealJwe(aead, keys, protected_text, plaintext, ciphertext, tag));
  ByteVector text(protected_text.size() + 2 * ciphertext.size() + 256);
  SVSM_ASSIGN_OR_RETURN(const ByteView whole, kbs::EncodeJwe({.protected_text = protected_text,
                                                              .encrypted_key = keys.encrypted_key,
                                                              .iv = keys.iv,
                                                              .ciphertext = ciphertext,
                                                              .tag = tag},
                                                             text));
  text.resize(whole.size());
  return text;
}

}  // namespace svsm::broker
