#include "tools/svsm-verify/print.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace svsm::verify {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + '\n';
}

Json ToJson(const std::vector<OneRefusal>& refusals) {
  Json json = Json::array();
  for (const OneRefusal& refusal : refusals) {
    json.push_back(
        {{"reason", refusal.reason}, {"found", refusal.found}, {"wanted", refusal.wanted}});
  }
  return json;
}

Json ToJson(const Facts& facts) {
  Json json = Json::object();
  for (const auto& [name, value] : facts) json[name] = value;
  return json;
}

Json ToJson(const Link& link) {
  return {{"title", link.title},          {"state", LinkStateId(link.state)},
          {"proves", link.proves},        {"to_whom", link.to_whom},
          {"found", ToJson(link.found)},  {"refusals", ToJson(link.refusals)},
          {"not_judged", link.not_judged}};
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

std::string ToChainText(const Outcome& outcome) {
  std::string text = outcome.trusted() ? "trusted\n" : "refused\n";
  std::size_t number = 0;
  for (const Link& link : outcome.chain) {
    text += fmt::format("\n{}. {}: {}\n", ++number, link.title, LinkStateText(link.state));
    text += fmt::format("   proves: {}\n   to whom: {}\n", link.proves, link.to_whom);
    for (const auto& [name, value] : link.found) text += fmt::format("   {}: {}\n", name, value);
    for (const OneRefusal& refusal : link.refusals) {
      text += fmt::format("   refused: {}: found {}, wanted {}\n", refusal.reason, refusal.found,
                          refusal.wanted);
    }
    for (const std::string& aspect : link.not_judged) {
      text += fmt::format("   not judged: {}\n", aspect);
    }
  }
  return text;
}

std::string ToJson(const Outcome& outcome, Detail detail) {
  Json json;
  json["verdict"] = outcome.trusted() ? "trusted" : "refused";
  json["refusals"] = ToJson(outcome.refusals);
  json["not_judged"] = outcome.not_judged;
  json["fresh"] = outcome.fresh;
  if (!outcome.fresh) json["freshness"] = outcome.freshness;
  json["facts"] = ToJson(outcome.facts);
  if (detail == Detail::kChain) {
    json["chain"] = Json::array();
    for (const Link& link : outcome.chain) json["chain"].push_back(ToJson(link));
  }
  return Dump(json);
}

std::string ToJson(const Unusable& unusable) {
  return Dump({{"verdict", "unusable"}, {"error", unusable.what()}});
}

}  // namespace svsm::verify
