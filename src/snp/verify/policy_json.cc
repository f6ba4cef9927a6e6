#include "svsm/snp_verify/policy_json.h"

#include <array>
#include <exception>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "svsm/core/hosted.h"

namespace svsm::snp {
namespace {

using Json = nlohmann::json;

// What is wrong with a policy, for people. Thrown and caught in this file.
struct Wrong {
  std::string text;
};

[[noreturn]] void Fail(const std::string& path, const std::string& text) {
  throw Wrong{path.empty() ? text : path + ": " + text};
}

std::uint64_t Number(const std::string& path, const Json& value, std::uint64_t limit) {
  if (!value.is_number_unsigned()) Fail(path, "not a number of 0 or more");
  const auto number = value.get<std::uint64_t>();
  if (number > limit) Fail(path, "above " + std::to_string(limit));
  return number;
}

template <typename Integer>
void Read(const std::string& path, const Json& value, Integer& out) {
  out = static_cast<Integer>(Number(path, value, std::numeric_limits<Integer>::max()));
}

// A mask: a number, or "0x" and 1 to 16 hex digits.
void ReadMask(const std::string& path, const Json& value, std::uint64_t& out) {
  if (!value.is_string()) return Read(path, value, out);
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() < 3 || text.size() > 18 || !text.starts_with("0x")) {
    Fail(path, "not 0x and up to 16 hex digits");
  }
  const Result<ByteVector> bytes = FromHex(std::string(18 - text.size(), '0') + text.substr(2));
  if (!bytes.ok()) Fail(path, "not 0x and up to 16 hex digits");
  out = 0;
  for (const std::uint8_t byte : *bytes) out = out << 8 | byte;
}

template <std::size_t N>
void Read(const std::string& path, const Json& value, Bytes<N>& out) {
  const std::string wanted = "not a string of " + std::to_string(2 * N) + " hex digits";
  if (!value.is_string()) Fail(path, wanted);
  const Result<ByteVector> bytes = FromHex(value.get_ref<const std::string&>());
  if (!bytes.ok() || bytes->size() != N) Fail(path, wanted);
  Copy(out, *bytes);
}

template <std::size_t N>
void Read(const std::string& path, const Json& value, std::vector<Bytes<N>>& out) {
  if (!value.is_array() || value.empty()) Fail(path, "not a list with something in it");
  for (std::size_t i = 0; i < value.size(); ++i) {
    Read(path + '[' + std::to_string(i) + ']', value[i], out.emplace_back());
  }
}

// CHIP_IDs: 64 bytes, or Turin's 8 that zeros follow.
void ReadChipIds(const std::string& path, const Json& value, std::vector<Bytes<64>>& out) {
  if (!value.is_array() || value.empty()) Fail(path, "not a list with something in it");
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string each = path + '[' + std::to_string(i) + ']';
    Bytes<64>& id = out.emplace_back();
    if (value[i].is_string() && value[i].get_ref<const std::string&>().size() == 16) {
      Bytes<8> first{};
      Read(each, value[i], first);
      Copy(id, first);
    } else {
      Read(each, value[i], id);
    }
  }
}

template <typename Enum, std::size_t N>
void ReadWord(const std::string& path, const Json& value,
              const std::array<std::pair<const char*, Enum>, N>& words, Enum& out) {
  std::string wanted = "not one of";
  for (const auto& [word, meaning] : words) {
    if (value.is_string() && value.get_ref<const std::string&>() == word) {
      out = meaning;
      return;
    }
    wanted += std::string(" \"") + word + '"';
  }
  Fail(path, wanted);
}

void Read(const std::string& path, const Json& value, Rule& out) {
  constexpr std::array<std::pair<const char*, Rule>, 2> kWords = {
      {{"refuse", Rule::kRefuse}, {"allow", Rule::kAllow}}};
  ReadWord(path, value, kWords, out);
}

void Read(const std::string& path, const Json& value, CrlRule& out) {
  constexpr std::array<std::pair<const char*, CrlRule>, 3> kWords = {
      {{"if-present", CrlRule::kIfPresent},
       {"if-present-even-stale", CrlRule::kIfPresentStale},
       {"required", CrlRule::kRequired}}};
  ReadWord(path, value, kWords, out);
}

// "major.minor.build", each of 0 to 255 without leading zeros.
void Read(const std::string& path, const Json& value, FirmwareVersion& out) {
  const char* const kWanted = "not a string \"major.minor.build\"";
  if (!value.is_string()) Fail(path, kWanted);
  const auto& text = value.get_ref<const std::string&>();
  std::array<unsigned, 3> parts{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0 && (at >= text.size() || text[at++] != '.')) Fail(path, kWanted);
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - start < 3) {
      parts[i] = parts[i] * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (at == start || parts[i] > 255 || (at - start > 1 && text[start] == '0')) {
      Fail(path, kWanted);
    }
  }
  if (at != text.size()) Fail(path, kWanted);
  out = {static_cast<std::uint8_t>(parts[0]), static_cast<std::uint8_t>(parts[1]),
         static_cast<std::uint8_t>(parts[2])};
}

TcbVersion ReadTcb(const std::string& path, const Json& value, Product product) {
  if (!value.is_object()) Fail(path, "not an object");
  TcbVersion tcb{.layout = TcbLayoutOf(product)};
  for (const auto& [key, component] : value.items()) {
    const std::string each = path + '.' + key;
    if (key == "fmc" && tcb.layout == TcbLayout::kTurin) {
      Read(each, component, tcb.fmc);
    } else if (key == "bootloader") {
      Read(each, component, tcb.bootloader);
    } else if (key == "tee") {
      Read(each, component, tcb.tee);
    } else if (key == "snp") {
      Read(each, component, tcb.snp);
    } else if (key == "microcode") {
      Read(each, component, tcb.microcode);
    } else {
      Fail(each, "unknown key");
    }
  }
  return tcb;
}

void Read(const std::string& path, const Json& value, std::vector<TcbFloor>& out) {
  if (!value.is_object() || value.empty()) Fail(path, "not an object with something in it");
  for (const auto& [key, tcb] : value.items()) {
    bool known = false;
    for (const Product product :
         {Product::kMilan, Product::kGenoa, Product::kTurin, Product::kVenice}) {
      if (key != ProductName(product)) continue;
      known = true;
      out.push_back({product, ReadTcb(path + '.' + key, tcb, product)});
    }
    if (!known) Fail(path + '.' + key, "unknown key");
  }
}

void Read(const std::string& path, const Json& value, std::optional<Vmpl>& out) {
  out = Vmpl(static_cast<std::uint32_t>(Number(path, value, kNumVmpls - 1)));
}

void Read(const std::string& path, const Json& value, std::optional<Bytes<64>>& out) {
  Bytes<64> bytes{};
  Read(path, value, bytes);
  out = bytes;
}

// One row a member: its key, and how it is read.
using Reader = void (*)(const std::string&, const Json&, Policy&);
template <auto kMember>
void ReadMember(const std::string& path, const Json& value, Policy& policy) {
  Read(path, value, policy.*kMember);
}
template <auto kMember>
void ReadMaskMember(const std::string& path, const Json& value, Policy& policy) {
  ReadMask(path, value, policy.*kMember);
}
constexpr std::pair<const char*, Reader> kMembers[] = {
    {"measurements", ReadMember<&Policy::measurements>},
    {"host_data", ReadMember<&Policy::host_data>},
    {"family_ids", ReadMember<&Policy::family_ids>},
    {"image_ids", ReadMember<&Policy::image_ids>},
    {"id_key_digests", ReadMember<&Policy::id_key_digests>},
    {"author_key_digests", ReadMember<&Policy::author_key_digests>},
    {"minimum_guest_svn", ReadMember<&Policy::minimum_guest_svn>},
    {"vmpl", ReadMember<&Policy::vmpl>},
    {"report_data", ReadMember<&Policy::report_data>},
    {"debug", ReadMember<&Policy::debug>},
    {"migration_agent", ReadMember<&Policy::migration_agent>},
    {"smt", ReadMember<&Policy::smt>},
    {"guest_policy_set", ReadMaskMember<&Policy::guest_policy_set>},
    {"guest_policy_clear", ReadMaskMember<&Policy::guest_policy_clear>},
    {"platform_info_set", ReadMaskMember<&Policy::platform_info_set>},
    {"platform_info_clear", ReadMaskMember<&Policy::platform_info_clear>},
    {"chip_ids", [](const std::string& path, const Json& value,
                    Policy& policy) { ReadChipIds(path, value, policy.chip_ids); }},
    {"masked_chip_id", ReadMember<&Policy::masked_chip_id>},
    {"minimum_report_version", ReadMember<&Policy::minimum_report_version>},
    {"minimum_tcb", ReadMember<&Policy::minimum_tcb>},
    {"minimum_committed_tcb", ReadMember<&Policy::minimum_committed_tcb>},
    {"minimum_launch_tcb", ReadMember<&Policy::minimum_launch_tcb>},
    {"minimum_firmware", ReadMember<&Policy::minimum_firmware>},
    {"provisional_firmware", ReadMember<&Policy::provisional_firmware>},
    {"launch_mitigations", ReadMaskMember<&Policy::launch_mitigations>},
    {"current_mitigations", ReadMaskMember<&Policy::current_mitigations>},
    {"crl", ReadMember<&Policy::crl>},
};

// Parses, and refuses a key that comes twice in one object: which one counts is anybody's guess.
Json Parse(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&keys](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key &&
               !keys.back().insert(parsed.get<std::string>()).second) {
      Fail(parsed.get<std::string>(), "key is there twice");
    }
    return true;
  };
  return Json::parse(text, watch);
}

Policy ReadPolicy(const Json& json) {
  if (!json.is_object()) Fail("", "a policy is a JSON object");
  Policy policy;
  for (const auto& [key, value] : json.items()) {
    if (key == "$schema") continue;
    const Reader* reader = nullptr;
    for (const auto& [name, read] : kMembers) {
      if (key == name) reader = &read;
    }
    if (reader == nullptr) Fail(key, "unknown key");
    (*reader)(key, value, policy);
  }
  return policy;
}

}  // namespace

Result<Policy> ParsePolicyJson(std::string_view json, std::string& error) {
  if (json.size() > kMaxPolicySize) {
    error = "larger than " + std::to_string(kMaxPolicySize) + " bytes";
    return Status(Code::kOutOfRange, Source::kSnpVerify, kMaxPolicySize);
  }
  try {
    return ReadPolicy(Parse(json));
  } catch (const Wrong& wrong) {
    error = wrong.text;
  } catch (const std::exception& exception) {
    error = exception.what();
  }
  return Status(Code::kMalformed, Source::kSnpVerify);
}

}  // namespace svsm::snp
