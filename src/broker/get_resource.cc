#include <utility>

#include "broker/broker_impl.h"
#include "broker/secret_reply.h"
#include "svsm/kbs/grant.h"

namespace svsm::broker {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr auto kInternalError = kbs::KbsError::kPluginInternalError;
constexpr const char* kInternalDetail = "Plugin internal error";

Status Error(Code code) { return Status(code, Source::kBroker); }

// Whether a resource is another guest's: "vm/ID/..." belongs to the guest of that id.
bool IsAnothers(const Session& session, std::string_view name) {
  constexpr std::string_view kGuests = "vm/";
  if (!name.starts_with(kGuests)) return false;
  const std::string_view rest = name.substr(kGuests.size());
  return rest.substr(0, rest.find('/')) != ToHex(session.vm);
}

}  // namespace

Result<Session> Broker::Impl::SessionOf(const Request& request, std::int64_t now) {
  if (request.authorization.starts_with(kBearer)) {
    const std::string_view token = request.authorization.substr(kBearer.size());
    const Result<TokenClaims> claims = VerifyToken(token, parts_.token_keys.PublicKeys(), now);
    if (!claims.ok()) return Error(Code::kAuthFailed);
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    Bytes<32> digest{};
    SVSM_TRY(sha256.Digest(AsBytes(token), digest));
    return parts_.store.FindToken(digest);
  }
  const Result<SessionId> id = SessionOfCookie(request.cookie);
  if (!id.ok()) return Error(Code::kNotFound);
  return parts_.store.FindSession(*id);
}

Result<ByteVector> Broker::Impl::Plaintext(const Session& session, std::string_view name) {
  SVSM_ASSIGN_OR_RETURN(ByteVector resource, parts_.resources.Get(name));
  if (session.verdict.mode != kbs::BindingMode::kOwn) return resource;
  // Our own clients get a grant, whose seed is the resource as a whole: a shorter one is no key.
  const bool fits = resource.size() == kbs::kKeySeedSize;
  kbs::Grant grant;
  if (fits) Copy(grant.key_seed.writable(), resource);
  Wipe(resource);
  if (!fits) return Error(Code::kFailedPrecondition);
  grant.vm_id = session.vm;
  grant.boot = session.boot;
  grant.resource = AsBytes(name);
  ByteVector text(kbs::kGrantSize);
  SVSM_ASSIGN_OR_RETURN(const ByteView whole, kbs::EncodeGrant(grant, text));
  text.resize(whole.size());
  return text;
}

Result<ByteVector> Broker::Impl::NewReply(const Session& session, std::string_view name) {
  SVSM_ASSIGN_OR_RETURN(ByteVector plaintext, Plaintext(session, name));
  const bool is_signed = config_.sign_compatible || session.verdict.mode == kbs::BindingMode::kOwn;
  const auto signer = parts_.secret_keys.active();
  Result<ByteVector> made =
      MakeSecretReply(session, name, plaintext, is_signed ? signer.get() : nullptr, rng_);
  Wipe(plaintext);
  return made;
}

Response Broker::Impl::GetResource(const Request& request, std::string_view name) {
  const std::int64_t now = parts_.clock.UnixSeconds();
  const Result<Session> session = SessionOf(request, now);
  if (session.status() == Error(Code::kAuthFailed)) {
    return Refuse(kbs::KbsError::kTokenVerifierError, "Token Verifier error",
                  "the token is not one that counts", session.status(), request.peer);
  }
  const Code found = session.status().code();
  if (found == Code::kNotFound ||
      (session.ok() && (!session->verdict.affirmed || IsOver(*session, now)))) {
    return ErrorResponse(kbs::KbsError::kTokenNotFound, "Attestation Token not found");
  }
  if (!session.ok()) {
    return Unavailable(kInternalError, kInternalDetail, "reading a session", session.status(),
                       request.peer);
  }
  if (!IsResourceName(name)) {
    return Refuse(kInternalError, kInternalDetail, "this names no resource",
                  Error(Code::kInvalidArgument), request.peer);
  }
  if (IsAnothers(*session, name)) {
    return Refuse(kbs::KbsError::kPolicyDeny, "Access denied by policy",
                  "guest " + ToHex(session->vm) + " asks for " + std::string(name),
                  Error(Code::kPermissionDenied), request.peer);
  }
  const Result<ByteVector> sent = parts_.store.FindSecret(session->verdict.session, name);
  if (sent.ok()) return JsonResponse(ToText(*sent));
  if (sent.status().code() != Code::kNotFound) {
    return Unavailable(kInternalError, kInternalDetail, "reading a secret", sent.status(),
                       request.peer);
  }
  const Result<ByteVector> made = NewReply(*session, name);
  if (!made.ok()) {
    return Refuse(kInternalError, kInternalDetail, "no " + std::string(name), made.status(),
                  request.peer);
  }
  const Result<ByteVector> reply =
      parts_.store.IssueSecret(session->verdict.session, name, *made, now);
  if (!reply.ok()) {
    return Unavailable(kInternalError, kInternalDetail, "writing down a secret", reply.status(),
                       request.peer);
  }
  return JsonResponse(ToText(*reply));
}

}  // namespace svsm::broker
