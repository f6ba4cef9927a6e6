#include "svsm/kbs/client.h"

#include "svsm/kbs/base64.h"

namespace svsm::kbs {
namespace {

Status Refused(Code code, std::size_t detail = 0) {
  return Status(code, Source::kKbs, static_cast<std::uint32_t>(detail));
}

constexpr std::size_t kBrokerRefused = 1;
constexpr std::size_t kNotSigned = 2;
constexpr std::size_t kOtherBroker = 3;

bool SamePoint(crypto::EcPointView a, crypto::EcPointView b) {
  return Equal(a.x, b.x) && Equal(a.y, b.y);
}

BrokerKey KeyOf(const EcJwk& signer) {
  BrokerKey key;
  key.curve = signer.curve;
  Copy(key.x, signer.point.x);
  Copy(key.y, signer.point.y);
  return key;
}

}  // namespace

Client::Client(const ClientConfig& config, const ClientPrimitives& primitives, Attester& attester,
               ByteSpan workspace)
    : config_(config), primitives_(primitives), attester_(attester), workspace_(workspace) {}

Result<Client::Step> Client::Advance(ByteView in) {
  if (state_ == State::kDone || state_ == State::kFailed) {
    return Refused(Code::kFailedPrecondition);
  }
  Result<Step> step = Dispatch(in);
  if (!step.ok()) Forget();
  return step;
}

Result<Client::Step> Client::Dispatch(ByteView in) {
  if (in.size() != needed_) return Refused(Code::kInvalidArgument);
  needed_ = 0;
  switch (state_) {
    case State::kStart:
      return Start();
    case State::kNegotiated:
    case State::kAttested:
      state_ = state_ == State::kNegotiated ? State::kChallengeHeader : State::kAnswerHeader;
      needed_ = kFrameHeaderSize;
      return Step{.kind = Step::Kind::kNeed, .need = needed_};
    case State::kChallengeHeader:
      return NeedBody(in, State::kChallenge);
    case State::kAnswerHeader:
      return NeedBody(in, State::kAnswer);
    case State::kChallenge:
      return Attest(in);
    case State::kAnswer:
      return Open(in);
    case State::kDone:
    case State::kFailed:
      break;
  }
  return Refused(Code::kFailedPrecondition);
}

Result<Client::Step> Client::Start() {
  const bool pinned = config_.trust == BrokerTrust::kPinned;
  if (workspace_.size() < kClientWorkspaceSize ||
      (pinned && !config_.broker && config_.without_signature == UnsignedSecret::kRefuse) ||
      primitives_.jwe.ecdh.curve() != crypto::Curve::kP521) {
    return Refused(Code::kInvalidArgument);
  }
  SVSM_TRY(primitives_.jwe.ecdh.PublicKey(x_, y_));
  SVSM_ASSIGN_OR_RETURN(const ByteView frame, EncodeFrame(NegotiationRequest{}, workspace_));
  state_ = State::kNegotiated;
  return Step{.kind = Step::Kind::kSend, .send = frame};
}

Result<Client::Step> Client::NeedBody(ByteView header, State next) {
  SVSM_ASSIGN_OR_RETURN(needed_,
                        FrameBodySize(header.first<kFrameHeaderSize>(), kMaxFrameBodySize));
  state_ = next;
  return Step{.kind = Step::Kind::kNeed, .need = needed_};
}

Result<Client::Step> Client::Attest(ByteView body) {
  SVSM_ASSIGN_OR_RETURN(const NegotiationResponse negotiated,
                        DecodeNegotiationResponse(body, workspace_));
  SVSM_TRY(CheckBindingParams(negotiated));
  nonce_size_ = negotiated.challenge.size();
  Copy(nonce_, negotiated.challenge);
  const ByteView nonce = ByteView(nonce_).first(nonce_size_);
  SVSM_ASSIGN_OR_RETURN(
      const evidence::ReportData data,
      BindingReportData(config_.binding, primitives_.binding_hash,
                        {.key = {x_, y_}, .nonce = nonce, .boot_context = config_.boot_context}));
  const ByteSpan report_buffer = workspace_.first(kMaxReportSize);
  SVSM_ASSIGN_OR_RETURN(const AttestationSizes sizes, attester_.Attest(data, report_buffer, {}));
  if (sizes.report_bytes > kMaxReportSize) return Refused(Code::kInternal);
  const ByteView report = report_buffer.first(sizes.report_bytes);
  SVSM_TRY(primitives_.sha384.Digest(report, report_digest_));
  SVSM_ASSIGN_OR_RETURN(const ByteView frame, EncodeFrame(AttestationRequest{.report = report,
                                                                             .certificates = {},
                                                                             .challenge = nonce,
                                                                             .key = {x_, y_}},
                                                          workspace_.subspan(kMaxReportSize)));
  state_ = State::kAttested;
  return Step{.kind = Step::Kind::kSend, .send = frame};
}

// The proxy always spells the ephemeral key outside. Where the header has one, too, they must be
// the same, and the header's counts.
Result<JweMessage> Client::MessageOf(const AttestationResponse& answer, const JweHeader& header) {
  const ProxyDecryption& parts = *answer.decryption;
  JweMessage jwe = {.protected_text = parts.aad,
                    .encrypted_key = parts.wrapped_cek,
                    .iv = parts.iv,
                    .ciphertext = *answer.secret,
                    .tag = parts.tag};
  if (!header.epk) {
    jwe.epk = EcJwk{crypto::Curve::kP521, parts.epk};
  } else if (!SamePoint(header.epk->point, parts.epk)) {
    return Refused(Code::kMalformed);
  }
  return jwe;
}

Status Client::CheckPolicy(const BrokerKey& key) const {
  const bool first_use = config_.trust == BrokerTrust::kRemembered && !config_.broker;
  if (config_.trust == BrokerTrust::kAny || first_use) return OkStatus();
  if (config_.broker && *config_.broker == key) return OkStatus();
  return Refused(Code::kPermissionDenied, kOtherBroker);
}

Status Client::CheckBroker(const JweHeader& header, const JweMessage& jwe, crypto::EcPointView epk,
                           ByteSpan workspace) {
  if (header.svsm.empty()) {
    if (config_.without_signature == UnsignedSecret::kAccept) return OkStatus();
    return Refused(Code::kPermissionDenied, kNotSigned);
  }
  if (jwe.encrypted_key.size() != kEncryptedKeySize || jwe.iv.size() != crypto::kGcmNonceSize) {
    return Refused(Code::kMalformed);
  }
  SVSM_ASSIGN_OR_RETURN(const SecretSignature signature,
                        DecodeSecretSignature(header.svsm, workspace));
  const BrokerKey key = KeyOf(signature.signer);
  SVSM_TRY(CheckPolicy(key));
  SVSM_TRY(VerifySecret(primitives_.broker_verifier, primitives_.sha384, signature,
                        {.nonce = ByteView(nonce_).first(nonce_size_),
                         .svsm_key = {x_, y_},
                         .epk = epk,
                         .report_digest = report_digest_,
                         .encrypted_key = jwe.encrypted_key.first<kEncryptedKeySize>(),
                         .iv = jwe.iv.first<crypto::kGcmNonceSize>(),
                         .ciphertext = jwe.ciphertext}));
  broker_ = key;
  boot_number_ = signature.boot;
  return OkStatus();
}

Result<Client::Step> Client::Open(ByteView body) {
  const ByteSpan decoded = workspace_.first(kMaxFrameBodySize);
  const ByteSpan rest = workspace_.subspan(kMaxFrameBodySize);
  SVSM_ASSIGN_OR_RETURN(const AttestationResponse answer, DecodeAttestationResponse(body, decoded));
  if (!answer.success) return Refused(Code::kPermissionDenied, kBrokerRefused);
  if (!answer.secret || !answer.decryption) return Refused(Code::kMalformed);
  if (answer.secret->size() > kMaxSecretSize) return Refused(Code::kOutOfRange, kMaxSecretSize);
  if (answer.decryption->aad.size() > kMaxProtectedSize) return Refused(Code::kMalformed);
  const ByteSpan text_buffer = rest.first(kMaxProtectedSize);
  const ByteSpan header_buffer = rest.subspan(kMaxProtectedSize, kMaxProtectedSize);
  const ByteSpan free = rest.subspan(2 * kMaxProtectedSize);
  SVSM_ASSIGN_OR_RETURN(const ByteView text,
                        DecodeBase64(Base64::kUrl, answer.decryption->aad, text_buffer));
  SVSM_ASSIGN_OR_RETURN(const JweHeader header, DecodeJweHeader(text, header_buffer));
  SVSM_ASSIGN_OR_RETURN(const JweMessage jwe, MessageOf(answer, header));
  SVSM_TRY(CheckBroker(header, jwe, answer.decryption->epk, free));
  SVSM_ASSIGN_OR_RETURN(const ByteView plaintext,
                        OpenJwe(primitives_.jwe, jwe, config_.epk_place, free, secret_.writable()));
  secret_size_ = plaintext.size();
  state_ = State::kDone;
  return Step{.kind = Step::Kind::kDone};
}

void Client::Forget() {
  state_ = State::kFailed;
  secret_.wipe();
  secret_size_ = 0;
  broker_.reset();
  boot_number_.reset();
}

}  // namespace svsm::kbs
