#include "svsm/broker/admin.h"

#include <algorithm>
#include <utility>

#include "broker/admin_json.h"
#include "broker/broker_impl.h"
#include "svsm/broker/page.h"
#include "svsm/crypto/openssl.h"

namespace svsm::broker {
namespace {

constexpr std::string_view kResource = "/kbs/v0/resource/";
constexpr std::string_view kAdmin = "/admin/v0/";
constexpr std::size_t kMaxOnPage = 200;
// Room for every path of an administrator's own.
constexpr std::size_t kMaxLoggedPath = 320;
constexpr std::string_view kBoots = "boots/";
constexpr std::string_view kBootRequests = "boot-requests/";

Response Empty(int status) { return {.status = status}; }

Response NotHere() {
  return ErrorResponse(kbs::KbsError::kInvalidRequestPath, "Invalid Request path", 404);
}

Response Bad(std::string_view detail) {
  return ErrorResponse(kbs::KbsError::kPluginInternalError, detail, 400);
}

template <std::size_t N>
Result<Bytes<N>> FixedHex(std::string_view text) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector bytes, FromHex(text));
  Bytes<N> out{};
  if (bytes.size() != N) return Status(Code::kMalformed, Source::kBroker);
  Copy(out, bytes);
  return out;
}

}  // namespace

std::optional<Response> Admin::Handle(const Request& request) {
  if (request.path == "/.well-known/jwks.json" && request.method == Method::kGet) {
    return JsonResponse(parts_.token_keys.PublicJwkSet());
  }
  if (request.path == "/" && request.method == Method::kGet) return Page(request);
  const bool admin = request.path.starts_with(kAdmin);
  const bool resource = request.path.starts_with(kResource) && request.method != Method::kGet;
  if (!admin && !resource) return std::nullopt;
  if (!token_.IsBearer(request.authorization)) {
    Note(request, "refused: no administrator", LogLevel::kWarning);
    return ErrorResponse(kbs::KbsError::kAdminAuthInitialization,
                         "failed to initialize [admin] configuration: Admin access denied");
  }
  if (resource) return Resource(request, request.path.substr(kResource.size()));
  return Route(request, request.path.substr(kAdmin.size()));
}

Response Admin::Page(const Request& request) {
  if (!token_.IsBearer(request.authorization) && !token_.IsBasic(request.authorization)) {
    return {.status = 401,
            .content_type = "text/plain; charset=utf-8",
            .body = "This page asks for the administrator's token as password.\n",
            .www_authenticate = "Basic realm=\"svsm-kbs\", charset=\"UTF-8\""};
  }
  PageData data{.now = parts_.clock.UnixSeconds(), .policy_id = parts_.policy.current()->id};
  for (const auto& key : parts_.secret_keys.Keys()) data.key_ids.push_back(key->id());
  Result<std::vector<Guest>> guests = parts_.store.Guests(kMaxOnPage);
  Result<std::vector<Session>> sessions = parts_.store.Sessions(kMaxOnPage);
  Result<std::vector<BootRequest>> requests = parts_.store.BootRequests(kMaxOnPage);
  for (const Status status : {guests.status(), sessions.status(), requests.status()}) {
    if (!status.ok()) return Failed(status, "making the page");
  }
  data.guests = *std::move(guests);
  data.sessions = *std::move(sessions);
  data.requests = *std::move(requests);
  return {.content_type = "text/html; charset=utf-8", .body = RenderPage(data)};
}

Response Admin::Route(const Request& request, std::string_view path) {
  const auto list = [&](const auto& items, const char* doing) {
    return items.ok() ? JsonResponse(ToJson(*items)) : Failed(items.status(), doing);
  };
  if (path == "policy") return Policy(request);
  if (path == "boot-requests") return BootRequests(request);
  if (request.method == Method::kPost) {
    return path == "keys/rotate" ? Rotate(request) : NotHere();
  }
  if (request.method == Method::kDelete) {
    if (!path.starts_with(kBootRequests)) return NotHere();
    return RemoveBootRequest(path.substr(kBootRequests.size()));
  }
  if (request.method != Method::kGet) return NotHere();
  if (path == "resources") return list(parts_.resources.List(), "listing resources");
  if (path == "guests") return list(parts_.store.Guests(kMaxListed), "listing guests");
  if (path == "secrets") return list(parts_.store.Issued(kMaxListed), "listing secrets");
  if (path == "boots") return Boots({});
  if (path.starts_with(kBoots)) return Boots(path.substr(kBoots.size()));
  if (path == "keys") {
    return JsonResponse("{\"secrets\":" + parts_.secret_keys.PublicJwkSet() +
                        ",\"tokens\":" + parts_.token_keys.PublicJwkSet() + '}');
  }
  return NotHere();
}

Response Admin::Resource(const Request& request, std::string_view name) {
  if (!IsResourceName(name)) return Bad("not repository/type/tag");
  Status status = OkStatus();
  switch (request.method) {
    case Method::kPost:
    case Method::kPut:
      status = parts_.resources.Put(name, request.body);
      break;
    case Method::kDelete:
      status = parts_.resources.Remove(name);
      break;
    default:
      return NotHere();
  }
  if (status.code() == Code::kNotFound) return NotHere();
  if (!status.ok()) return Failed(status, "changing a resource");
  Note(request, request.method == Method::kDelete ? "removed" : "written");
  return Empty(200);
}

Response Admin::Policy(const Request& request) {
  if (request.method == Method::kGet) return JsonResponse(parts_.policy.current()->text);
  if (request.method != Method::kPut && request.method != Method::kPost) return NotHere();
  std::string error;
  const std::string text = ToText(request.body);
  // What is on the disk is what is judged by, whoever changes it at the same time.
  const std::lock_guard guard(policy_mutex_);
  const Status status = parts_.policy.Replace(text, error);
  if (!status.ok()) {
    return ErrorResponse(kbs::KbsError::kParsePolicyError, "policy: " + error, 400);
  }
  const auto current = parts_.policy.current();
  parts_.broker.SetPolicy(current->policy, current->id);
  Note(request, "policy " + current->id);
  return Empty(200);
}

Response Admin::Boots(std::string_view id) {
  Result<std::vector<Session>> sessions = parts_.store.Sessions(kMaxListed);
  if (!sessions.ok()) return Failed(sessions.status(), "listing boots");
  if (!id.empty()) {
    std::erase_if(*sessions,
                  [&](const Session& session) { return session.verdict.error_id != id; });
    if (sessions->empty()) return NotHere();
  }
  return JsonResponse(ToJson(*sessions));
}

Response Admin::BootRequests(const Request& request) {
  if (request.method == Method::kPost) return AddBootRequest(request);
  if (request.method != Method::kGet) return NotHere();
  const auto requests = parts_.store.BootRequests(kMaxListed);
  if (!requests.ok()) return Failed(requests.status(), "listing boot requests");
  return JsonResponse(ToJson(*requests));
}

Response Admin::AddBootRequest(const Request& request) {
  const Result<BootOrder> order = ParseBootOrder(request.body);
  if (!order.ok()) return Bad(R"(not {"vm":HEX,"uses":N,"seconds":N})");
  BootRequest made;
  {
    const std::lock_guard guard(rng_mutex_);
    Status drawn = parts_.rng.Generate(made.id);
    if (drawn.ok() && !order->vm.has_value()) drawn = parts_.rng.Generate(made.vm);
    if (!drawn.ok()) return Failed(drawn, "drawing an id");
  }
  if (order->vm.has_value()) made.vm = *order->vm;
  made.uses_left = order->uses;
  made.not_after = parts_.clock.UnixSeconds() + order->seconds;
  Bytes<crypto::kSha256Size> host_data{};
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Status status = sha256.Digest(ByteView(made.id), host_data);
  if (status.ok()) status = parts_.store.AddBootRequest(made);
  if (!status.ok()) return Failed(status, "adding a boot request");
  Note(request, "boot request for " + ToHex(made.vm));
  return JsonResponse(ToJson(made, host_data));
}

Response Admin::RemoveBootRequest(std::string_view id) {
  const auto bytes = FixedHex<sizeof(RequestId)>(id);
  if (!bytes.ok()) return Bad("not an id");
  const Status status = parts_.store.RemoveBootRequest(*bytes);
  if (status.code() == Code::kNotFound) return NotHere();
  return status.ok() ? Empty(200) : Failed(status, "removing a boot request");
}

Response Admin::Rotate(const Request& request) {
  const Result<std::int64_t> overlap = ParseOverlap(request.body);
  if (!overlap.ok()) return Bad(R"(not {"overlap_seconds":N})");
  {
    const std::lock_guard guard(rng_mutex_);
    for (KeyRing* const ring : {&parts_.secret_keys, &parts_.token_keys}) {
      const Status status = ring->Rotate(*overlap, parts_.rng);
      if (!status.ok()) return Failed(status, "rotating keys");
    }
  }
  Note(request, "keys rotated");
  return JsonResponse(parts_.secret_keys.PublicJwkSet());
}

Response Admin::Failed(Status status, std::string_view doing) {
  const std::string line(doing);
  parts_.log.Write(LogLevel::kError, line.c_str(), status);
  return ErrorResponse(kbs::KbsError::kPluginInternalError, line + ": " + ToString(status), 503);
}

void Admin::Note(const Request& request, const std::string& what, LogLevel level) {
  const std::string line = "administration by " + std::string(request.peer) + ": " +
                           std::string(request.path.substr(0, kMaxLoggedPath)) + ": " + what;
  parts_.log.Write(level, line.c_str(), OkStatus());
}

}  // namespace svsm::broker
