#include "broker/admin_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "svsm/kbs/json.h"

namespace svsm::broker {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxUses = 1'000'000;
constexpr std::uint64_t kMaxSeconds = std::uint64_t{10} * 366 * 24 * 3600;

// ASCII; what is not UTF-8 becomes U+FFFD.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json Object(const Session& session) {
  const Verdict& verdict = session.verdict;
  Json json = {{"session", ToHex(verdict.session)},
               {"at", verdict.at},
               {"peer", verdict.peer},
               {"affirmed", verdict.affirmed},
               {"reasons", verdict.reasons},
               {"error_id", verdict.error_id},
               {"binding", BindingName(verdict.mode)},
               {"measurement", ToHex(verdict.measurement)},
               {"host_data", ToHex(verdict.host_data)},
               {"chip_id", ToHex(verdict.chip_id)},
               {"report_sha384", ToHex(verdict.report_digest)}};
  if (verdict.affirmed) {
    json["vm"] = ToHex(session.vm);
    json["boot"] = session.boot.value;
  }
  return json;
}

template <typename Item, typename ToObject>
std::string List(const std::vector<Item>& items, ToObject to_object) {
  Json json = Json::array();
  for (const Item& item : items) json.push_back(to_object(item));
  return Text(json);
}

Json Object(const BootRequest& request) {
  return {{"id", ToHex(request.id)},
          {"vm", ToHex(request.vm)},
          {"uses_left", request.uses_left},
          {"not_after", request.not_after}};
}

}  // namespace

const char* BindingName(kbs::BindingMode mode) {
  switch (mode) {
    case kbs::BindingMode::kOwn:
      return "own";
    case kbs::BindingMode::kProxyCompatible:
      return "proxy";
    case kbs::BindingMode::kTrustee:
      return "trustee";
  }
  return "?";
}

std::string ToJson(const std::vector<std::string>& names) { return Text(Json(names)); }

std::string ToJson(const std::vector<Guest>& guests) {
  return List(guests, [](const Guest& guest) -> Json {
    return {{"vm", ToHex(guest.vm)}, {"boots", guest.boots.value}, {"last_at", guest.last_at}};
  });
}

std::string ToJson(const std::vector<Session>& sessions) {
  return List(sessions, [](const Session& session) { return Object(session); });
}

std::string ToJson(const std::vector<BootRequest>& requests) {
  return List(requests, [](const BootRequest& request) { return Object(request); });
}

std::string ToJson(const std::vector<IssuedSecret>& secrets) {
  return List(secrets, [](const IssuedSecret& secret) -> Json {
    return {{"session", ToHex(secret.session)},
            {"resource", secret.resource},
            {"reply_sha384", ToHex(secret.reply_digest)},
            {"at", secret.at}};
  });
}

std::string ToJson(const BootRequest& request, FixedView<32> host_data) {
  Json json = Object(request);
  json["host_data"] = ToHex(host_data);
  return Text(json);
}

Result<BootOrder> ParseBootOrder(ByteView body) {
  BootOrder order;
  if (body.empty()) return order;
  kbs::JsonReader json(body);
  ByteView name;
  const auto number = [&](std::uint64_t limit) {
    const std::uint64_t value = json.Unsigned();
    if (value == 0 || value > limit) json.Fail(Code::kMalformed);
    return value;
  };
  json.BeginObject();
  while (json.NextMember(name)) {
    if (kbs::TextIs(name, "vm")) {
      const ByteView text = json.String();
      const Result<ByteVector> vm = FromHex(std::string(text.begin(), text.end()));
      order.vm.emplace();
      if (vm.ok() && vm->size() == order.vm->size()) {
        Copy(*order.vm, *vm);
      } else {
        json.Fail(Code::kMalformed);
      }
    } else if (kbs::TextIs(name, "uses")) {
      order.uses = static_cast<std::uint32_t>(number(kMaxUses));
    } else if (kbs::TextIs(name, "seconds")) {
      order.seconds = static_cast<std::int64_t>(number(kMaxSeconds));
    } else {
      json.Fail(Code::kMalformed);
    }
  }
  if (!json.Finish().ok()) return Status(Code::kMalformed, Source::kBroker);
  return order;
}

Result<std::int64_t> ParseOverlap(ByteView body) {
  kbs::JsonReader json(body);
  ByteView name;
  std::uint64_t seconds = kMaxSeconds + 1;
  json.BeginObject();
  while (json.NextMember(name)) {
    if (!kbs::TextIs(name, "overlap_seconds")) json.Fail(Code::kMalformed);
    seconds = json.Unsigned();
  }
  if (!json.Finish().ok() || seconds > kMaxSeconds) {
    return Status(Code::kMalformed, Source::kBroker);
  }
  return static_cast<std::int64_t>(seconds);
}

}  // namespace svsm::broker
