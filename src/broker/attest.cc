#include <array>
#include <utility>

#include "broker/broker_impl.h"
#include "broker/evidence_claims.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/binding.h"
#include "svsm/kbs/json.h"

namespace svsm::broker {
namespace {

constexpr auto kError = kbs::KbsError::kAttestationError;
constexpr const char* kDetail = "Attestation error: RCAR handshake Attest failed";
// Characters of the reasons that are kept and logged. What a client sends stands in them, such as
// the names in its certificate.
constexpr std::size_t kMaxReasons = 2000;

Status Error(Code code) { return Status(code, Source::kBroker); }

// What HOST_DATA must be for this init data: the digest of its text. Only SHA-256 fits it. Errors:
// kUnsupported.
Result<std::optional<Bytes<32>>> HostDataOf(const kbs::Attestation& attestation) {
  std::optional<Bytes<32>> digest;
  if (attestation.init_data != kbs::Attestation::InitData::kGiven) return digest;
  if (!kbs::TextIs(attestation.init_format, "toml")) return Error(Code::kUnsupported);
  digest.emplace();
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  SVSM_TRY(sha256.Digest(attestation.init_body, *digest));
  return digest;
}

// The boot context of our own binding: base64 in the additional evidence.
Result<ByteVector> BootContextOf(const kbs::Attestation& attestation) {
  ByteVector context(kbs::MaxDecodedSize(attestation.additional_evidence.size()));
  SVSM_ASSIGN_OR_RETURN(
      const ByteView bytes,
      kbs::DecodeBase64(kbs::Base64::kStandard, attestation.additional_evidence, context));
  context.resize(bytes.size());
  return context;
}

}  // namespace

Result<Broker::Impl::Asked> Broker::Impl::Understand(const Request& request, std::int64_t now) {
  SVSM_ASSIGN_OR_RETURN(const SessionId session, SessionOfCookie(request.cookie));
  Asked asked;
  SVSM_ASSIGN_OR_RETURN(asked.challenge, parts_.challenges.Find(session, now));
  asked.workspace.resize(request.body.size());
  SVSM_ASSIGN_OR_RETURN(asked.attestation, kbs::DecodeAttestation(request.body, asked.workspace));
  Bytes<kbs::kMaxNonceSize> nonce{};
  SVSM_ASSIGN_OR_RETURN(const ByteView said, kbs::DecodeNonce(asked.attestation.nonce, nonce));
  if (!ConstantTimeEqual(said, asked.challenge.nonce)) return Error(Code::kAuthFailed);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  SVSM_TRY(sha384.Digest(request.body, asked.digest));
  return asked;
}

std::vector<ExpectedBinding> Broker::Impl::Bindings(const Asked& asked, const TeeKey& key) const {
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  std::vector<ExpectedBinding> bindings;
  const auto add = [&](kbs::BindingMode mode, const crypto::Hash& hash, ByteView context) {
    const auto data = kbs::BindingReportData(
        mode, hash, {.key = key.point(), .nonce = asked.challenge.nonce, .boot_context = context});
    if (data.ok()) bindings.push_back({mode, *data});
  };
  if (config_.own_binding) {
    const auto context = BootContextOf(asked.attestation);
    if (context.ok()) add(kbs::BindingMode::kOwn, sha384, *context);
  }
  // The compatible ones bind no additional evidence that this broker could judge.
  if (!asked.attestation.additional_evidence.empty()) return bindings;
  if (config_.proxy_binding) add(kbs::BindingMode::kProxyCompatible, sha512, {});
  if (config_.trustee_binding) add(kbs::BindingMode::kTrustee, sha384, {});
  return bindings;
}

Result<std::string> Broker::Impl::Token(const Asked& asked, const JudgedEvidence& judged,
                                        const std::string& policy_id, std::int64_t now) {
  TokenClaims claims;
  claims.issued_at = now;
  claims.expires_at = now + config_.session_seconds;
  claims.issuer = config_.issuer;
  claims.verifier_developer = "svsm";
  claims.verifier_build = "svsm-kbs 0.1.0";
  claims.status = EarStatus::kAffirming;
  // What the policy affirmed: the hardware, its configuration and what runs on it.
  for (const TrustClaim claim :
       {TrustClaim::kConfiguration, TrustClaim::kExecutables, TrustClaim::kHardware}) {
    claims.vector[static_cast<std::size_t>(claim)] =
        static_cast<std::int8_t>(EarStatus::kAffirming);
  }
  claims.policy_id = policy_id;
  SVSM_ASSIGN_OR_RETURN(claims.evidence, EvidenceClaims(judged, asked.attestation));
  return IssueToken(*parts_.token_keys.active(), claims, config_.spelling);
}

Status Broker::Impl::JudgeSnp(const Asked& asked, std::int64_t now, Verdict& verdict) {
  Bytes<2 * crypto::kMaxCoordinateSize> coordinates{};
  const auto jwk = kbs::EcKeyOf(asked.attestation.key, coordinates);
  if (!jwk.ok()) {
    verdict.reasons = "tee-pubkey: " + ToString(jwk.status());
    return OkStatus();
  }
  const auto key = CheckTeeKey(jwk->curve, jwk->point);
  if (!key.ok()) {
    verdict.reasons = "tee-pubkey: " + ToString(key.status());
    return OkStatus();
  }
  verdict.key = *key;
  const auto host_data = HostDataOf(asked.attestation);
  if (!host_data.ok()) {
    verdict.reasons = "init-data: of another format than toml";
    return OkStatus();
  }
  const std::vector<ExpectedBinding> bindings = Bindings(asked, *key);
  const auto policy = this->policy();
  const Pool<SnpJudge>::Lease judge(judges_);
  SVSM_ASSIGN_OR_RETURN(const JudgedEvidence judged,
                        judge->Judge({.evidence = asked.attestation.primary_evidence,
                                      .bindings = bindings,
                                      .host_data = *host_data},
                                     policy->policy));
  verdict.report_digest = judged.report_digest;
  verdict.reasons = judged.reasons;
  if (judged.report) {
    verdict.measurement = judged.report->measurement();
    verdict.host_data = judged.report->host_data();
    verdict.chip_id = judged.report->chip_id();
  }
  if (!judged.affirmed()) return OkStatus();
  verdict.mode = judged.mode;
  SVSM_ASSIGN_OR_RETURN(verdict.token, Token(asked, judged, policy->id, now));
  verdict.affirmed = true;
  return OkStatus();
}

Status Broker::Impl::Judge(const Asked& asked, std::int64_t now, Verdict& verdict) {
  verdict.session = asked.challenge.session;
  verdict.at = now;
  verdict.nonce = asked.challenge.nonce;
  verdict.request_digest = asked.digest;
  if (asked.challenge.tee == Tee::kSnp) {
    SVSM_TRY(JudgeSnp(asked, now, verdict));
  } else {
    verdict.reasons = std::string("tee: ") + TeeName(asked.challenge.tee) + " has no verifier here";
  }
  if (verdict.reasons.size() > kMaxReasons) {
    verdict.reasons.resize(kMaxReasons);
    verdict.reasons += " (and more)";
  }
  verdict.error_id = NewErrorId();
  return OkStatus();
}

Response Broker::Impl::Admitted(const Session& session) {
  ByteVector text(session.verdict.token.size() + 64);
  const auto body = kbs::EncodeTokenReply({AsBytes(session.verdict.token)}, text);
  if (!body.ok()) {
    return Unavailable(kError, kDetail, "writing the token", body.status(), session.verdict.peer);
  }
  Response response = JsonResponse(ToText(*body));
  response.set_cookie =
      CookieOf(session.verdict.session, session.verdict.at + config_.session_seconds);
  return response;
}

Response Broker::Impl::Again(const Session& session, const Bytes<48>& digest,
                             std::string_view peer) {
  const Verdict& verdict = session.verdict;
  if (verdict.affirmed && !verdict.token.empty() && verdict.request_digest == digest &&
      !IsOver(session, parts_.clock.UnixSeconds())) {
    return Admitted(session);
  }
  return Refuse(kError, kDetail, "the nonce is spent", Error(Code::kAlreadyExists), peer);
}

Response Broker::Impl::Recorded(const Asked& asked, const Verdict& verdict) {
  const auto session = parts_.store.RecordVerdict(verdict, config_.boot_rule);
  if (session.ok()) {
    if (session->verdict.affirmed) {
      const std::string line = "admitted " + verdict.peer + ": guest " + ToHex(session->vm) +
                               ", boot " + std::to_string(session->boot.value);
      parts_.log.Write(LogLevel::kInfo, line.c_str(), OkStatus());
      return Admitted(*session);
    }
    return Refuse(kError, kDetail, session->verdict.reasons, Error(Code::kPermissionDenied),
                  verdict.peer, session->verdict.error_id);
  }
  if (session.status().code() != Code::kAlreadyExists) {
    return Unavailable(kError, kDetail, "writing a verdict", session.status(), verdict.peer);
  }
  const auto first = parts_.store.FindSession(verdict.session);
  if (first.ok()) return Again(*first, asked.digest, verdict.peer);
  return Unavailable(kError, kDetail, "reading a session", first.status(), verdict.peer);
}

Response Broker::Impl::Attest(const Request& request) {
  const std::int64_t now = parts_.clock.UnixSeconds();
  const auto asked = Understand(request, now);
  if (!asked.ok()) {
    return Refuse(kError, kDetail, "no such session, a broken body or another nonce",
                  asked.status(), request.peer);
  }
  const auto known = parts_.store.FindSession(asked->challenge.session);
  if (known.ok()) return Again(*known, asked->digest, request.peer);
  if (known.status().code() != Code::kNotFound) {
    return Unavailable(kError, kDetail, "reading a session", known.status(), request.peer);
  }
  Verdict verdict;
  verdict.peer = std::string(request.peer);
  const Status judged = Judge(*asked, now, verdict);
  if (!judged.ok()) return Unavailable(kError, kDetail, "judging", judged, request.peer);
  Response response = Recorded(*asked, verdict);
  PruneNowAndThen(now);
  return response;
}

}  // namespace svsm::broker
