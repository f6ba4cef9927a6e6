#include "svsm/kbs/forward_client.h"

#include "svsm/kbs/base64.h"
#include "svsm/kbs/snp_evidence.h"

namespace svsm::kbs {
namespace {

constexpr std::size_t kDecodedSize = kMaxFrameBodySize / 4 * 3;
constexpr std::uint32_t kHttpOk = 200;
// What an attestation is made of, one behind the other; its frame goes behind them all.
constexpr std::size_t kEvidenceSize = 8192;
constexpr std::size_t kAttestationSize = 16384;
static_assert(kMaxReportSize + kEvidenceSize + kAttestationSize + kMaxFrameBodySize <=
              kForwardWorkspaceSize);

Status Refused(Code code, std::size_t detail = 0) {
  return Status(code, Source::kKbs, static_cast<std::uint32_t>(detail));
}

OpenerConfig OpenerConfigOf(const ForwardConfig& config) {
  return {.form = config.binding == BindingMode::kOwn ? SecretForm::kGrant : SecretForm::kRaw,
          .epk_place = config.epk_place,
          .policy = config.policy,
          .resource = config.resource};
}

// Which error a refusal's body names.
KbsError ErrorOf(ByteView body, ByteSpan workspace) {
  const Result<ErrorReply> reply = DecodeErrorReply(body, workspace);
  return reply.ok() ? reply->error : KbsError::kOther;
}

}  // namespace

ForwardClient::ForwardClient(const ForwardConfig& config, const ForwardPrimitives& primitives,
                             Attester& attester, ByteSpan workspace)
    : config_(config),
      primitives_(primitives),
      attester_(attester),
      workspace_(workspace),
      opener_(OpenerConfigOf(config), {primitives.jwe, primitives.hmac_sha256, primitives.sha384,
                                       primitives.broker_verifier}) {}

// The workspace: the token, a body that came, and what is made of it.
ByteSpan ForwardClient::decoded() const { return workspace_.subspan(kMaxTokenSize, kDecodedSize); }
ByteSpan ForwardClient::rest() const { return workspace_.subspan(kMaxTokenSize + kDecodedSize); }

EcJwk ForwardClient::key() const {
  const crypto::Curve curve = primitives_.jwe.ecdh.curve();
  const std::size_t size = crypto::CoordinateSize(curve);
  return {curve, {ByteView(x_).first(size), ByteView(y_).first(size)}};
}

Result<ForwardClient::Step> ForwardClient::Advance(ByteView in) {
  if (state_ == State::kDone || state_ == State::kFailed) {
    return Refused(Code::kFailedPrecondition);
  }
  Result<Step> step = Dispatch(in);
  if (!step.ok()) state_ = State::kFailed;
  return step;
}

Result<ForwardClient::Step> ForwardClient::Dispatch(ByteView in) {
  if (state_ == State::kStart) return in.empty() ? Start() : Refused(Code::kInvalidArgument);
  SVSM_ASSIGN_OR_RETURN(const std::optional<Step> receive, receiver_.Take(in));
  if (receive) return *receive;
  SVSM_ASSIGN_OR_RETURN(const ByteView body, BodyOf(in));
  if (state_ == State::kAuth) return Attest(body);
  return state_ == State::kAttest ? Ask(body) : Open(body);
}

Status ForwardClient::CheckConfig() const {
  SVSM_TRY(CheckPolicy(config_.policy));
  const crypto::Curve curve = primitives_.jwe.ecdh.curve();
  const bool good = workspace_.size() >= kForwardWorkspaceSize && curve != crypto::Curve::kP384 &&
                    config_.binding != BindingMode::kProxyCompatible &&
                    config_.boot_context.size() <= kMaxBootContextSize &&
                    ParseResourceName(config_.resource).ok();
  return good ? OkStatus() : Refused(Code::kInvalidArgument);
}

Result<ForwardClient::Step> ForwardClient::Start() {
  SVSM_TRY(CheckConfig());
  const std::size_t size = crypto::CoordinateSize(primitives_.jwe.ecdh.curve());
  SVSM_TRY(primitives_.jwe.ecdh.PublicKey(ByteSpan(x_).first(size), ByteSpan(y_).first(size)));
  SVSM_ASSIGN_OR_RETURN(const ByteView body, EncodeAuthRequest(decoded()));
  return Send({.kind = ForwardKind::kAuth, .body = body}, rest(), State::kAuth);
}

Result<ForwardClient::Step> ForwardClient::Send(const ForwardRequest& request, ByteSpan out,
                                                State next) {
  SVSM_ASSIGN_OR_RETURN(const ByteView frame, EncodeFrame(request, out));
  state_ = next;
  return Step{.kind = Step::Kind::kSend, .send = frame};
}

// What the broker answered, if it agreed. A body that is no reply may be the proxy's word that it
// has none.
Result<ByteView> ForwardClient::BodyOf(ByteView in) {
  const Result<ForwardReply> reply = DecodeForwardReply(in, decoded());
  if (!reply.ok()) {
    const Result<ProxyRefusal> why = DecodeRefusal(in);
    if (!why.ok()) return reply.status();
    proxy_refusal_ = *why;
    return Refused(Code::kPermissionDenied, static_cast<std::size_t>(BrokerRefusal::kProxy));
  }
  if (reply->status == kHttpOk) return reply->body;
  if (reply->status < kMinHttpStatus) return Refused(Code::kUnavailable, reply->status);
  refusal_ = ErrorOf(reply->body, rest());
  return Refused(Code::kPermissionDenied, static_cast<std::size_t>(BrokerRefusal::kRefused));
}

Result<ForwardClient::Step> ForwardClient::Attest(ByteView body) {
  SVSM_ASSIGN_OR_RETURN(const Challenge challenge, DecodeChallenge(body));
  Bytes<kMaxNonceText> nonce_text{};
  if (challenge.nonce.size() > nonce_text.size()) return Refused(Code::kMalformed);
  Copy(nonce_text, challenge.nonce);
  SVSM_ASSIGN_OR_RETURN(const ByteView nonce, DecodeNonce(challenge.nonce, nonce_));
  nonce_size_ = nonce.size();
  Bytes<kTeeKeyTextSize> key_texts{};
  Bytes<EncodedSize(Base64::kStandard, kMaxBootContextSize)> context{};
  Attestation attestation;
  attestation.nonce = ByteView(nonce_text).first(challenge.nonce.size());
  SVSM_ASSIGN_OR_RETURN(attestation.key, TeeKeyOf(key(), key_texts));
  SVSM_ASSIGN_OR_RETURN(attestation.additional_evidence,
                        EncodeBase64(Base64::kStandard, config_.boot_context, context));
  const ByteSpan evidence = workspace_.subspan(kMaxReportSize, kEvidenceSize);
  const ByteSpan behind = workspace_.subspan(kMaxReportSize + kEvidenceSize);
  SVSM_ASSIGN_OR_RETURN(const ByteView report, Report(workspace_.first(kMaxReportSize)));
  SVSM_ASSIGN_OR_RETURN(attestation.primary_evidence,
                        EncodeSnpEvidence({.report = report}, evidence));
  SVSM_ASSIGN_OR_RETURN(const ByteView text,
                        EncodeAttestation(attestation, behind.first(kAttestationSize)));
  return Send({.kind = ForwardKind::kAttest, .body = text}, behind.subspan(kAttestationSize),
              State::kAttest);
}

// A report that binds key and nonce; its digest is kept.
Result<ByteView> ForwardClient::Report(ByteSpan out) {
  SVSM_ASSIGN_OR_RETURN(const evidence::ReportData data,
                        BindingReportData(config_.binding, primitives_.sha384,
                                          {.key = key().point,
                                           .nonce = ByteView(nonce_).first(nonce_size_),
                                           .boot_context = config_.boot_context}));
  SVSM_ASSIGN_OR_RETURN(const AttestationSizes sizes, attester_.Attest(data, out, {}));
  if (sizes.report_bytes != kSnpReportSize) return Refused(Code::kInternal);
  const ByteView report = out.first(kSnpReportSize);
  SVSM_TRY(primitives_.sha384.Digest(report, report_digest_));
  return report;
}

// Keeps the token, and asks for the secret.
Result<ForwardClient::Step> ForwardClient::Ask(ByteView body) {
  SVSM_ASSIGN_OR_RETURN(const TokenReply reply, DecodeTokenReply(body));
  Copy(workspace_, reply.token);
  token_size_ = reply.token.size();
  return Send({.kind = ForwardKind::kResource, .path = config_.resource}, rest(), State::kResource);
}

Result<ForwardClient::Step> ForwardClient::Open(ByteView body) {
  SVSM_ASSIGN_OR_RETURN(const JweMessage jwe, DecodeJwe(body, rest().first(kDecodedSize)));
  SVSM_TRY(opener_.Open({.nonce = ByteView(nonce_).first(nonce_size_),
                         .svsm_key = key().point,
                         .report_digest = report_digest_},
                        jwe, rest().subspan(kDecodedSize)));
  state_ = State::kDone;
  return Step{.kind = Step::Kind::kDone};
}

}  // namespace svsm::kbs
