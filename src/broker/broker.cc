#include "svsm/broker/broker.h"

#include <algorithm>
#include <array>

#include "broker/broker_impl.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/json.h"

namespace svsm::broker {
namespace {

constexpr std::string_view kPrefix = "/kbs/v0/";
constexpr std::string_view kResource = "resource/";
constexpr std::int64_t kPruneEvery = 60;  // seconds

Response Empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response TooLarge() {
  Response response;
  response.status = 413;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "the body is larger than this broker takes";
  return response;
}

Result<Tee> TeeOf(ByteView name) {
  for (std::size_t i = 0; i < kNumTees; ++i) {
    const auto tee = static_cast<Tee>(i);
    if (kbs::TextIs(name, TeeName(tee))) return tee;
  }
  return Status(Code::kUnsupported, Source::kBroker);
}

}  // namespace

Response ErrorResponse(kbs::KbsError error, std::string_view detail, int status) {
  ByteVector text(1024 + 6 * detail.size());
  const auto body = kbs::EncodeErrorReply({error, AsBytes(detail)}, text);
  Response response;
  response.status = status;
  if (body.ok()) response.body = ToText(*body);
  return response;
}

Response JsonResponse(std::string body) {
  Response response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

Broker::Impl::Impl(const BrokerConfig& config, const BrokerParts& parts)
    : config_(config), parts_(parts), rng_(parts.rng), judges_([this] {
        if (!parts_.make_p384) {
          return std::make_unique<SnpJudge>(parts_.roots, parts_.vceks, parts_.clock);
        }
        return std::make_unique<SnpJudge>(parts_.roots, parts_.vceks, parts_.clock,
                                          parts_.make_p384());
      }) {
  SetPolicy(config.policy, config.policy_id);
}

void Broker::Impl::SetPolicy(const snp::Policy& policy, const std::string& policy_id) {
  auto named = std::make_shared<const NamedPolicy>(NamedPolicy{policy, policy_id});
  const std::lock_guard guard(policy_mutex_);
  policy_ = std::move(named);
}

std::shared_ptr<const Broker::Impl::NamedPolicy> Broker::Impl::policy() const {
  const std::lock_guard guard(policy_mutex_);
  return policy_;
}

bool Broker::Impl::IsOver(const Session& session, std::int64_t now) const {
  return now < session.verdict.at || now - session.verdict.at > config_.session_seconds;
}

std::string Broker::Impl::NewErrorId() {
  Bytes<8> id{};
  // Without randomness, an id that leads nowhere: the answer matters more.
  static_cast<void>(rng_.Generate(id).ok());
  return ToHex(id);
}

Response Broker::Impl::Refuse(kbs::KbsError error, const char* detail, const std::string& cause,
                              Status status, std::string_view peer, std::string id) {
  if (id.empty()) id = NewErrorId();
  const std::string line =
      "refused " + std::string(peer) + " (id " + id + "): " + detail + ": " + cause;
  parts_.log.Write(LogLevel::kWarning, line.c_str(), status);
  return ErrorResponse(error, std::string(detail) + " (id " + id + ")");
}

Response Broker::Impl::Unavailable(kbs::KbsError error, const char* detail, const char* doing,
                                   Status status, std::string_view peer) {
  const std::string id = NewErrorId();
  const std::string line = "no answer for " + std::string(peer) + " (id " + id + "): " + doing;
  parts_.log.Write(LogLevel::kError, line.c_str(), status);
  return ErrorResponse(error, std::string(detail) + " (id " + id + ")", 503);
}

void Broker::Impl::PruneNowAndThen(std::int64_t now) {
  std::int64_t before = pruned_at_.load();
  if (now - before < kPruneEvery || !pruned_at_.compare_exchange_strong(before, now)) return;
  // A refusal that is forgotten frees its nonce, which must be too old by then.
  const std::int64_t kept = std::max(config_.session_seconds, kChallengeSeconds);
  const Status pruned = parts_.store.Prune(now - kept);
  if (!pruned.ok()) parts_.log.Write(LogLevel::kError, "the store cannot be pruned", pruned);
}

Response Broker::Impl::Auth(const Request& request) {
  static constexpr auto kError = kbs::KbsError::kAttestationError;
  const std::string failed = "Attestation error: RCAR handshake Auth failed: ";
  const auto message = kbs::DecodeAuthRequest(request.body);
  if (!message.ok()) return ErrorResponse(kError, failed + "deserialize Request");
  const Status version = kbs::CheckKbsVersion(message->version);
  if (version.code() == Code::kMalformed) {
    return ErrorResponse(kError, failed + "failed to parse KBS version");
  }
  if (!version.ok()) {
    return ErrorResponse(kError, failed +
                                     "KBS Client Protocol Version Mismatch: expect =0.4.0 while "
                                     "the request is " +
                                     ToText(message->version));
  }
  const auto tee = TeeOf(message->tee);
  if (!tee.ok()) return ErrorResponse(kError, failed + "deserialize Request");
  const std::int64_t now = parts_.clock.UnixSeconds();
  const auto challenge = parts_.challenges.Issue(*tee, now);
  if (!challenge.ok()) {
    return Unavailable(kError, "Attestation error: RCAR handshake Auth failed", "making a nonce",
                       challenge.status(), request.peer);
  }
  Bytes<kbs::kMaxNonceText> nonce{};
  Bytes<256> text{};
  const auto encoded = kbs::EncodeBase64(kbs::Base64::kStandard, challenge->nonce, nonce);
  const auto body = kbs::EncodeChallenge({.nonce = *encoded}, text);
  Response response = JsonResponse(ToText(*body));
  response.set_cookie = CookieOf(challenge->session, now + kChallengeSeconds);
  return response;
}

Response Broker::Impl::Handle(const Request& request) {
  if (request.path == "/healthz") return Empty(200);
  if (!request.path.starts_with(kPrefix)) return Empty(404);
  if (request.body.size() > kMaxBodySize) return TooLarge();
  const std::string_view path = request.path.substr(kPrefix.size());
  if (path == "auth" && request.method == Method::kPost) return Auth(request);
  if (path == "attest" && request.method == Method::kPost) return Attest(request);
  if (path.starts_with(kResource)) {
    switch (request.method) {
      case Method::kGet:
        return GetResource(request, path.substr(kResource.size()));
      case Method::kPost:
      case Method::kDelete:
        return ErrorResponse(kbs::KbsError::kAdminAuthInitialization,
                             "failed to initialize [admin] configuration: no administrator here");
      default:
        return ErrorResponse(kbs::KbsError::kPluginInternalError, "Plugin internal error");
    }
  }
  const std::string plugin(path.substr(0, path.find('/')));
  return ErrorResponse(kbs::KbsError::kPluginNotFound, "Plugin " + plugin + " not found", 404);
}

Broker::Broker(const BrokerConfig& config, const BrokerParts& parts)
    : impl_(std::make_unique<Impl>(config, parts)) {}
Broker::~Broker() = default;

Response Broker::Handle(const Request& request) { return impl_->Handle(request); }

void Broker::SetPolicy(const snp::Policy& policy, const std::string& policy_id) {
  impl_->SetPolicy(policy, policy_id);
}

}  // namespace svsm::broker
