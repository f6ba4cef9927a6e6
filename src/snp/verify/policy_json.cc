#include "svsm/snp_verify/policy_json.h"

#include <array>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "svsm/core/hosted.h"

namespace svsm::snp {
namespace {

using Json = nlohmann::json;

// Where in the file a value is, and where the first complaint goes. Reading goes on after one, with
// defaults, so that no function has two ways out.
class Place {
 public:
  Place(std::string path, std::string& error) : path_(std::move(path)), error_(&error) {}
  Place Key(const std::string& key) const { return Place(path_ + '.' + key, *error_); }
  Place Index(std::size_t i) const { return Place(path_ + '[' + std::to_string(i) + ']', *error_); }
  void Fail(const std::string& text) const {
    if (error_->empty()) *error_ = path_.empty() ? text : path_ + ": " + text;
  }

 private:
  std::string path_;
  std::string* error_;
};

// A number up to `limit`; 0 after a complaint.
std::uint64_t Number(const Place& place, const Json& value, std::uint64_t limit) {
  if (!value.is_number_unsigned()) {
    place.Fail("not a number of 0 or more");
    return 0;
  }
  const auto number = value.get<std::uint64_t>();
  if (number <= limit) return number;
  place.Fail("above " + std::to_string(limit));
  return 0;
}

template <typename Integer>
void Read(const Place& place, const Json& value, Integer& out) {
  out = static_cast<Integer>(Number(place, value, std::numeric_limits<Integer>::max()));
}

// A mask: a number, or "0x" and 1 to 16 hex digits.
void ReadMask(const Place& place, const Json& value, std::uint64_t& out) {
  if (!value.is_string()) return Read(place, value, out);
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() < 3 || text.size() > 18 || !text.starts_with("0x")) {
    return place.Fail("not 0x and up to 16 hex digits");
  }
  const Result<ByteVector> bytes = FromHex(std::string(18 - text.size(), '0') + text.substr(2));
  if (!bytes.ok()) return place.Fail("not 0x and up to 16 hex digits");
  out = 0;
  for (const std::uint8_t byte : *bytes) out = out << 8 | byte;
}

template <std::size_t N>
void Read(const Place& place, const Json& value, Bytes<N>& out) {
  const std::string wanted = "not a string of " + std::to_string(2 * N) + " hex digits";
  if (!value.is_string()) return place.Fail(wanted);
  const Result<ByteVector> bytes = FromHex(value.get_ref<const std::string&>());
  if (!bytes.ok() || bytes->size() != N) return place.Fail(wanted);
  Copy(out, *bytes);
}

template <std::size_t N>
void Read(const Place& place, const Json& value, std::vector<Bytes<N>>& out) {
  if (!value.is_array() || value.empty()) return place.Fail("not a list with something in it");
  for (std::size_t i = 0; i < value.size(); ++i) {
    Read(place.Index(i), value[i], out.emplace_back());
  }
}

// CHIP_IDs: 64 bytes, or Turin's 8 that zeros follow.
void ReadChipIds(const Place& place, const Json& value, std::vector<Bytes<64>>& out) {
  if (!value.is_array() || value.empty()) return place.Fail("not a list with something in it");
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Place each = place.Index(i);
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
void ReadWord(const Place& place, const Json& value,
              const std::array<std::pair<const char*, Enum>, N>& words, Enum& out) {
  std::string wanted = "not one of";
  for (const auto& [word, meaning] : words) {
    if (value.is_string() && value.get_ref<const std::string&>() == word) {
      out = meaning;
      return;
    }
    wanted += std::string(" \"") + word + '"';
  }
  place.Fail(wanted);
}

void Read(const Place& place, const Json& value, Rule& out) {
  constexpr std::array<std::pair<const char*, Rule>, 2> kWords = {
      {{"refuse", Rule::kRefuse}, {"allow", Rule::kAllow}}};
  ReadWord(place, value, kWords, out);
}

void Read(const Place& place, const Json& value, CrlRule& out) {
  constexpr std::array<std::pair<const char*, CrlRule>, 3> kWords = {
      {{"if-present", CrlRule::kIfPresent},
       {"if-present-even-stale", CrlRule::kIfPresentStale},
       {"required", CrlRule::kRequired}}};
  ReadWord(place, value, kWords, out);
}

// "major.minor.build", each of 0 to 255 without leading zeros.
void Read(const Place& place, const Json& value, FirmwareVersion& out) {
  const char* const kWanted = "not a string \"major.minor.build\"";
  if (!value.is_string()) return place.Fail(kWanted);
  const auto& text = value.get_ref<const std::string&>();
  std::array<unsigned, 3> parts{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0 && (at >= text.size() || text[at++] != '.')) return place.Fail(kWanted);
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - start < 3) {
      parts[i] = parts[i] * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (at == start || parts[i] > 255 || (at - start > 1 && text[start] == '0')) {
      return place.Fail(kWanted);
    }
  }
  if (at != text.size()) return place.Fail(kWanted);
  out = {static_cast<std::uint8_t>(parts[0]), static_cast<std::uint8_t>(parts[1]),
         static_cast<std::uint8_t>(parts[2])};
}

void Read(const Place& place, const Json& value, TcbVersion& tcb) {
  if (!value.is_object()) return place.Fail("not an object");
  for (const auto& [key, component] : value.items()) {
    const Place each = place.Key(key);
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
      each.Fail("unknown key");
    }
  }
}

void Read(const Place& place, const Json& value, std::vector<TcbFloor>& out) {
  if (!value.is_object() || value.empty()) return place.Fail("not an object with something in it");
  for (const auto& [key, tcb] : value.items()) {
    bool known = false;
    for (const Product product :
         {Product::kMilan, Product::kGenoa, Product::kTurin, Product::kVenice}) {
      if (key != ProductName(product)) continue;
      known = true;
      out.push_back({product, {.layout = TcbLayoutOf(product)}});
      Read(place.Key(key), tcb, out.back().minimum);
    }
    if (!known) place.Key(key).Fail("unknown key");
  }
}

void Read(const Place& place, const Json& value, std::optional<Vmpl>& out) {
  out = Vmpl(static_cast<std::uint32_t>(Number(place, value, kNumVmpls - 1)));
}

void Read(const Place& place, const Json& value, std::optional<Bytes<64>>& out) {
  Bytes<64> bytes{};
  Read(place, value, bytes);
  out = bytes;
}

// One row a member: its key, and how it is read.
using Reader = void (*)(const Place&, const Json&, Policy&);
template <auto kMember>
void ReadMember(const Place& place, const Json& value, Policy& policy) {
  Read(place, value, policy.*kMember);
}
template <auto kMember>
void ReadMaskMember(const Place& place, const Json& value, Policy& policy) {
  ReadMask(place, value, policy.*kMember);
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
    {"chip_ids", [](const Place& place, const Json& value,
                    Policy& policy) { ReadChipIds(place, value, policy.chip_ids); }},
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

// Parses, and complains of a key that comes twice in one object: which one counts is anybody's
// guess. Throws what nlohmann-json throws.
Json Parse(std::string_view text, std::string& error) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const std::string key = parsed.get<std::string>();
      if (!keys.back().insert(key).second) Place(key, error).Fail("key is there twice");
    }
    return true;
  };
  return Json::parse(text, watch);
}

Policy ReadPolicy(const Json& json, std::string& error) {
  Policy policy;
  if (!json.is_object()) {
    Place("", error).Fail("a policy is a JSON object");
    return policy;
  }
  for (const auto& [key, value] : json.items()) {
    if (key == "$schema") continue;
    Reader reader = [](const Place& place, const Json&, Policy&) { place.Fail("unknown key"); };
    for (const auto& [name, read] : kMembers) {
      if (key == name) reader = read;
    }
    reader(Place(key, error), value, policy);
  }
  return policy;
}

}  // namespace

Result<Policy> ParsePolicyJson(std::string_view json, std::string& error) {
  error.clear();
  if (json.size() > kMaxPolicySize) {
    error = "larger than " + std::to_string(kMaxPolicySize) + " bytes";
    return Status(Code::kOutOfRange, Source::kSnpVerify, kMaxPolicySize);
  }
  try {
    const Policy policy = ReadPolicy(Parse(json, error), error);
    if (error.empty()) return policy;
  } catch (const std::exception& exception) {
    error = exception.what();
  }
  return Status(Code::kMalformed, Source::kSnpVerify);
}

}  // namespace svsm::snp
