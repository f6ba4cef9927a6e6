#include "tools/svsm-verify/print.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace svsm::verify {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string ToText(const Outcome& outcome) {
  std::string text;
  for (const OneRefusal& refusal : outcome.refusals) {
    text += fmt::format("refused: {}: found {}, wanted {}\n", refusal.reason, refusal.found,
                        refusal.wanted);
  }
  if (!outcome.trusted()) return text;
  text = "trusted\n";
  for (const auto& [name, value] : outcome.facts) text += fmt::format("{}: {}\n", name, value);
  for (const std::string& aspect : outcome.not_judged) {
    text += fmt::format("not judged: {}{}\n", aspect,
                        aspect == "ak-origin" ? " (that the attestation key is of this TPM: "
                                                "activate a credential with the EK)"
                                              : "");
  }
  if (outcome.fresh) return text + "fresh: the evidence answers the nonce\n";
  return text + "not fresh: " + outcome.freshness + '\n';
}

std::string ToJson(const Outcome& outcome) {
  Json json;
  json["verdict"] = outcome.trusted() ? "trusted" : "refused";
  json["refusals"] = Json::array();
  for (const OneRefusal& refusal : outcome.refusals) {
    json["refusals"].push_back(
        {{"reason", refusal.reason}, {"found", refusal.found}, {"wanted", refusal.wanted}});
  }
  json["not_judged"] = outcome.not_judged;
  json["fresh"] = outcome.fresh;
  if (!outcome.fresh) json["freshness"] = outcome.freshness;
  json["facts"] = Json::object();
  for (const auto& [name, value] : outcome.facts) json["facts"][name] = value;
  return Dump(json);
}

std::string ToJson(const Unusable& unusable) {
  return Dump({{"verdict", "unusable"}, {"error", unusable.what()}});
}

}  // namespace svsm::verify
