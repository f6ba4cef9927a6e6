// The adapter between nlohmann-json and the two JSON texts that come with quotes.
#include <array>
#include <exception>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "svsm/snp_verify/hcl.h"
#include "svsm/snp_verify/pcr_table.h"

namespace svsm::snp {
namespace {

using Json = nlohmann::json;

// What is wrong with a text, for people. Thrown and caught in this file.
struct Wrong {
  std::string text;
};

[[noreturn]] void Fail(const std::string& text) { throw Wrong{text}; }

// Parses, and refuses a key that comes twice in one object.
Json Parse(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&keys](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key &&
               !keys.back().insert(parsed.get<std::string>()).second) {
      Fail(parsed.get<std::string>() + ": key is there twice");
    }
    return true;
  };
  return Json::parse(text, watch);
}

constexpr std::array<evidence::TpmAlg, 4> kBanks = {
    evidence::TpmAlg::kSha1, evidence::TpmAlg::kSha256, evidence::TpmAlg::kSha384,
    evidence::TpmAlg::kSha512};

ByteVector HexValue(const std::string& where, const Json& value) {
  if (!value.is_string()) Fail(where + ": not a string of hex digits");
  const Result<ByteVector> bytes = FromHex(value.get_ref<const std::string&>());
  if (!bytes.ok()) Fail(where + ": not a string of hex digits");
  return *bytes;
}

// A PCR's number: "0" to "23", without leading zeros.
std::uint32_t PcrIndex(const std::string& text) {
  for (std::uint32_t index = 0; index < evidence::kNumPcrs; ++index) {
    if (text == std::to_string(index)) return index;
  }
  Fail(text + ": not the number of a PCR");
}

void AddValue(PcrTable& table, evidence::TpmAlg bank, std::uint32_t index, const Json& value) {
  const std::string where = std::string(PcrBankName(bank)) + ':' + std::to_string(index);
  ByteVector bytes = HexValue(where, value);
  if (bytes.size() != evidence::TpmDigestSize(bank)) Fail(where + ": not of the bank's size");
  table.push_back({bank, index, std::move(bytes)});
}

void AddList(PcrTable& table, evidence::TpmAlg bank, const Json& list) {
  if (list.size() > evidence::kNumPcrs) Fail("more values than there are PCRs");
  for (std::uint32_t index = 0; index < list.size(); ++index) {
    AddValue(table, bank, index, list[index]);
  }
}

void AddBank(PcrTable& table, const std::string& name, const Json& values) {
  for (const evidence::TpmAlg bank : kBanks) {
    if (name != PcrBankName(bank)) continue;
    if (values.is_array()) return AddList(table, bank, values);
    if (!values.is_object()) Fail(name + ": neither a list nor an object");
    for (const auto& [index, value] : values.items()) {
      AddValue(table, bank, PcrIndex(index), value);
    }
    return;
  }
  Fail(name + ": not a bank");
}

PcrTable ReadTable(const Json& json) {
  PcrTable table;
  if (json.is_object()) {
    for (const auto& [name, values] : json.items()) AddBank(table, name, values);
  } else if (json.is_array() && !json.empty()) {
    const std::size_t size = HexValue("0", json[0]).size();
    for (const evidence::TpmAlg bank : kBanks) {
      if (evidence::TpmDigestSize(bank) == size) AddList(table, bank, json);
    }
  }
  if (table.empty()) Fail("no PCR values");
  return table;
}

// base64url without padding, as a JWK spells numbers.
ByteVector Base64Url(const std::string& where, const Json& value) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (!value.is_string()) Fail(where + ": not a string");
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() % 4 == 1) Fail(where + ": not base64url");
  ByteVector bytes;
  std::uint32_t bits = 0;
  std::size_t held = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) Fail(where + ": not base64url");
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held));
    bits &= (std::uint32_t{1} << held) - 1;
  }
  if (bits != 0) Fail(where + ": not base64url");
  return bytes;
}

const Json& AttestationJwk(const Json& json) {
  const Json* found = nullptr;
  if (!json.is_object() || !json.contains("keys") || !json.at("keys").is_array()) Fail("no keys");
  for (const Json& key : json.at("keys")) {
    if (!key.is_object() || key.value("kid", "") != "HCLAkPub") continue;
    if (found != nullptr) Fail("two keys HCLAkPub");
    found = &key;
  }
  if (found == nullptr) Fail("no key HCLAkPub");
  return *found;
}

Result<QuoteKey> ReadJwk(const Json& jwk) {
  if (jwk.value("kty", "") != "RSA" || jwk.value("key_ops", Json()) != Json::array({"sign"})) {
    Fail("HCLAkPub: not an RSA key for signing");
  }
  return QuoteKeyFromRsa(Base64Url("n", jwk.at("n")), Base64Url("e", jwk.at("e")));
}

}  // namespace

Result<PcrTable> ParsePcrJson(std::string_view json, std::string& error) {
  if (json.size() > kMaxPcrFileSize) {
    error = "larger than " + std::to_string(kMaxPcrFileSize) + " bytes";
    return Status(Code::kOutOfRange, Source::kSnpVerify, kMaxPcrFileSize);
  }
  try {
    return ReadTable(Parse(json));
  } catch (const Wrong& wrong) {
    error = wrong.text;
  } catch (const std::exception& exception) {
    error = exception.what();
  }
  return Status(Code::kMalformed, Source::kSnpVerify);
}

Result<QuoteKey> ParseHclQuoteKey(std::string_view json) {
  try {
    return ReadJwk(AttestationJwk(Parse(json)));
  } catch (const Wrong&) {
    return Status(Code::kMalformed, Source::kSnpVerify);
  } catch (const std::exception&) {
    return Status(Code::kMalformed, Source::kSnpVerify);
  }
}

}  // namespace svsm::snp
