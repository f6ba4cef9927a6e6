#include "svsm/kbs/secret_opener.h"

#include "svsm/kbs/base64.h"

namespace svsm::kbs {
namespace {

Status Refused(Code code, std::size_t detail = 0) {
  return Status(code, Source::kKbs, static_cast<std::uint32_t>(detail));
}

Status Denied(BrokerRefusal refusal) {
  return Refused(Code::kPermissionDenied, static_cast<std::size_t>(refusal));
}

bool SamePoint(crypto::EcPointView a, crypto::EcPointView b) {
  return Equal(a.x, b.x) && Equal(a.y, b.y);
}

// Puts the ephemeral key that a proxy told where a broker would have put it.
Status TakeToldEpk(const SecretRequest& request, const JweHeader& header, crypto::Curve curve,
                   JweMessage& jwe) {
  if (!request.told_epk) return OkStatus();
  if (!header.epk) {
    jwe.epk = EcJwk{curve, *request.told_epk};
    return OkStatus();
  }
  if (SamePoint(header.epk->point, *request.told_epk)) return OkStatus();
  return Refused(Code::kMalformed);
}

}  // namespace

Status SecretOpener::Open(const SecretRequest& request, const JweMessage& jwe, ByteSpan workspace) {
  Wipe();
  const Status status = OpenFrom(request, jwe, workspace);
  if (!status.ok()) Wipe();
  return status;
}

Status SecretOpener::OpenFrom(const SecretRequest& request, JweMessage jwe, ByteSpan workspace) {
  SVSM_TRY(CheckPolicy(config_.policy));
  if (workspace.size() < kOpenerWorkspaceSize) {
    return Refused(Code::kBufferTooSmall, kOpenerWorkspaceSize);
  }
  if (jwe.ciphertext.size() > kMaxSecretSize) return Refused(Code::kOutOfRange, kMaxSecretSize);
  if (jwe.protected_text.size() > kMaxProtectedSize) return Refused(Code::kMalformed);
  const ByteSpan text_buffer = workspace.first(kMaxProtectedSize);
  const ByteSpan header_buffer = workspace.subspan(kMaxProtectedSize, kMaxProtectedSize);
  const ByteSpan free = workspace.subspan(2 * kMaxProtectedSize);
  SVSM_ASSIGN_OR_RETURN(const ByteView text,
                        DecodeBase64(Base64::kUrl, jwe.protected_text, text_buffer));
  SVSM_ASSIGN_OR_RETURN(const JweHeader header, DecodeJweHeader(text, header_buffer));
  SVSM_TRY(TakeToldEpk(request, header, primitives_.jwe.ecdh.curve(), jwe));
  std::optional<SecretSignature> signature;
  if (!header.svsm.empty()) {
    SVSM_ASSIGN_OR_RETURN(signature, Judge(request, jwe, header, free));
    SVSM_ASSIGN_OR_RETURN(broker_, BrokerKeyOf(signature->signer));
    boot_number_ = signature->boot;
  } else if (config_.policy.without_signature == UnsignedSecret::kRefuse) {
    return Denied(BrokerRefusal::kUnsigned);
  }
  SVSM_ASSIGN_OR_RETURN(const ByteView plaintext,
                        OpenJwe(primitives_.jwe, jwe, config_.epk_place, free, secret_.writable()));
  secret_size_ = plaintext.size();
  return config_.form == SecretForm::kGrant ? TakeGrant(signature) : OkStatus();
}

// What is left of the signature's views afterwards is the resource, in the header's text.
Result<SecretSignature> SecretOpener::Judge(const SecretRequest& request, const JweMessage& jwe,
                                            const JweHeader& header, ByteSpan workspace) {
  const EcJwk* const epk = header.epk ? &*header.epk : jwe.epk ? &*jwe.epk : nullptr;
  if (epk == nullptr || jwe.encrypted_key.size() != kEncryptedKeySize ||
      jwe.iv.size() != crypto::kGcmNonceSize) {
    return Refused(Code::kMalformed);
  }
  SVSM_ASSIGN_OR_RETURN(const SecretSignature signature,
                        DecodeSecretSignature(header.svsm, workspace));
  SVSM_ASSIGN_OR_RETURN(const BrokerKey key, BrokerKeyOf(signature.signer));
  SVSM_TRY(CheckBroker(config_.policy, key));
  SVSM_TRY(VerifySecret(primitives_.broker_verifier, primitives_.sha384, signature,
                        {.nonce = request.nonce,
                         .svsm_key = request.svsm_key,
                         .epk = epk->point,
                         .report_digest = request.report_digest,
                         .encrypted_key = jwe.encrypted_key.first<kEncryptedKeySize>(),
                         .iv = jwe.iv.first<crypto::kGcmNonceSize>(),
                         .ciphertext = jwe.ciphertext}));
  if (!config_.resource.empty() && !Equal(config_.resource, signature.resource)) {
    return Denied(BrokerRefusal::kOtherResource);
  }
  return signature;
}

Status SecretOpener::TakeGrant(const std::optional<SecretSignature>& signature) {
  Grant grant;
  SVSM_TRY(DecodeGrant(ByteView(secret_.view()).first(secret_size_), grant));
  if (signature && (grant.boot != signature->boot || !Equal(grant.resource, signature->resource))) {
    return Refused(Code::kMalformed);
  }
  if (!config_.resource.empty() && !Equal(config_.resource, grant.resource)) {
    return Denied(BrokerRefusal::kOtherResource);
  }
  SVSM_TRY(DeriveRootKey(primitives_.hmac_sha256, grant, root_key_.writable()));
  has_grant_ = true;
  return OkStatus();
}

Status SecretOpener::ReadGrant(Grant& grant) const {
  if (!has_grant_) return Refused(Code::kNotFound);
  return DecodeGrant(ByteView(secret_.view()).first(secret_size_), grant);
}

void SecretOpener::Wipe() {
  secret_.wipe();
  secret_size_ = 0;
  root_key_.wipe();
  has_grant_ = false;
  broker_.reset();
  boot_number_.reset();
}

}  // namespace svsm::kbs
