#include "svsm/kbs/client.h"

namespace svsm::kbs {
namespace {

Status Refused(Code code, std::size_t detail = 0) {
  return Status(code, Source::kKbs, static_cast<std::uint32_t>(detail));
}

OpenerConfig OpenerConfigOf(const ClientConfig& config) {
  return {.form = config.binding == BindingMode::kOwn ? SecretForm::kGrant : SecretForm::kRaw,
          .epk_place = config.epk_place,
          .policy = config.policy,
          .resource = config.resource};
}

}  // namespace

Client::Client(const ClientConfig& config, const ClientPrimitives& primitives, Attester& attester,
               ByteSpan workspace)
    : config_(config),
      primitives_(primitives),
      attester_(attester),
      workspace_(workspace),
      opener_(OpenerConfigOf(config), {primitives.jwe, primitives.hmac_sha256, primitives.sha384,
                                       primitives.broker_verifier}) {}

Result<Client::Step> Client::Advance(ByteView in) {
  if (state_ == State::kDone || state_ == State::kFailed) {
    return Refused(Code::kFailedPrecondition);
  }
  Result<Step> step = Dispatch(in);
  if (!step.ok()) state_ = State::kFailed;
  return step;
}

Result<Client::Step> Client::Dispatch(ByteView in) {
  if (state_ == State::kStart) return in.empty() ? Start() : Refused(Code::kInvalidArgument);
  SVSM_ASSIGN_OR_RETURN(const std::optional<Step> receive, receiver_.Take(in));
  if (receive) return *receive;
  return state_ == State::kNegotiated ? Attest(in) : Open(in);
}

Result<Client::Step> Client::Start() {
  SVSM_TRY(CheckPolicy(config_.policy));
  if (workspace_.size() < kClientWorkspaceSize ||
      primitives_.jwe.ecdh.curve() != crypto::Curve::kP521) {
    return Refused(Code::kInvalidArgument);
  }
  SVSM_TRY(primitives_.jwe.ecdh.PublicKey(x_, y_));
  SVSM_ASSIGN_OR_RETURN(const ByteView frame, EncodeFrame(NegotiationRequest{}, workspace_));
  state_ = State::kNegotiated;
  return Step{.kind = Step::Kind::kSend, .send = frame};
}

Result<Client::Step> Client::Attest(ByteView body) {
  const Result<NegotiationResponse> negotiated = DecodeNegotiationResponse(body, workspace_);
  if (!negotiated.ok()) return RefusedBy(body, negotiated.status());
  SVSM_TRY(CheckBindingParams(*negotiated));
  nonce_size_ = negotiated->challenge.size();
  Copy(nonce_, negotiated->challenge);
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

// A body that is not what the client waits for may be the proxy's word that there is none.
Status Client::RefusedBy(ByteView body, Status otherwise) {
  const Result<ProxyRefusal> why = DecodeRefusal(body);
  if (!why.ok()) return otherwise;
  proxy_refusal_ = *why;
  return Status(Code::kPermissionDenied, Source::kKbs,
                static_cast<std::uint32_t>(BrokerRefusal::kProxy));
}

Result<Client::Step> Client::Open(ByteView body) {
  SVSM_ASSIGN_OR_RETURN(const AttestationResponse answer,
                        DecodeAttestationResponse(body, workspace_.first(kMaxFrameBodySize)));
  if (!answer.success) {
    return RefusedBy(body, Status(Code::kPermissionDenied, Source::kKbs,
                                  static_cast<std::uint32_t>(BrokerRefusal::kRefused)));
  }
  if (!answer.secret || !answer.decryption) return Refused(Code::kMalformed);
  const ProxyDecryption& parts = *answer.decryption;
  SVSM_TRY(opener_.Open({.nonce = ByteView(nonce_).first(nonce_size_),
                         .svsm_key = {x_, y_},
                         .report_digest = report_digest_,
                         .told_epk = parts.epk},
                        {.protected_text = parts.aad,
                         .encrypted_key = parts.wrapped_cek,
                         .iv = parts.iv,
                         .ciphertext = *answer.secret,
                         .tag = parts.tag},
                        workspace_.subspan(kMaxFrameBodySize)));
  state_ = State::kDone;
  return Step{.kind = Step::Kind::kDone};
}

}  // namespace svsm::kbs
