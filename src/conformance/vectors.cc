// The adapter between nlohmann-json and cases.
#include "svsm/conformance/vectors.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <set>

namespace svsm::conformance {
namespace {

using Json = nlohmann::json;

// Something is not as it must be. Thrown and caught in this file.
struct Wrong {};

constexpr std::array<const char*, 5> kRegisters = {"rax", "rcx", "rdx", "r8", "r9"};
constexpr std::size_t kMaxPlacedBytes = 1 << 16;

// An object's members, each of which must be taken.
class Object {
 public:
  explicit Object(const Json& json) : json_(json) {
    if (!json.is_object()) throw Wrong();
    for (const auto& item : json.items()) left_.insert(item.key());
  }
  // Null if there is none.
  const Json* Find(const std::string& name) {
    left_.erase(name);
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  const Json& Get(const std::string& name) {
    const Json* found = Find(name);
    if (found == nullptr) throw Wrong();
    return *found;
  }
  void Finish() const {
    if (!left_.empty()) throw Wrong();
  }

 private:
  const Json& json_;
  std::set<std::string> left_;
};

std::string Text(const Json& json) {
  if (!json.is_string()) throw Wrong();
  return json.get<std::string>();
}

std::uint32_t Number(const Json& json) {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() > 0xFFFFFFFF) throw Wrong();
  return json.get<std::uint32_t>();
}

const Json& Array(const Json& json) {
  if (!json.is_array()) throw Wrong();
  return json;
}

PlacedBytes ReadBytes(Object& object) {
  PlacedBytes placed;
  placed.at = Text(object.Get("at"));
  if (const Json* hex = object.Find("bytes")) {
    Result<ByteVector> bytes = FromHex(Text(*hex));
    if (!bytes.ok() || bytes->empty() || bytes->size() > kMaxPlacedBytes) throw Wrong();
    placed.bytes = *std::move(bytes);
    return placed;
  }
  const std::pair<const char*, std::size_t> sizes[] = {
      {"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8}};
  for (const auto& [name, size] : sizes) {
    const Json* value = object.Find(name);
    if (value == nullptr) continue;
    placed.value = Text(*value);
    placed.bytes.resize(size);
    return placed;
  }
  throw Wrong();
}

PlacedBytes ReadWrite(const Json& json) {
  Object object(json);
  PlacedBytes placed = ReadBytes(object);
  object.Finish();
  return placed;
}

ExpectedMemory ReadMemory(const Json& json) {
  Object object(json);
  ExpectedMemory memory;
  if (const Json* zero = object.Find("zero")) {
    memory.kind = ExpectedMemory::Kind::kZero;
    const std::uint32_t size = Number(*zero);
    if (size == 0 || size > kMaxPlacedBytes) throw Wrong();
    memory.placed = {Text(object.Get("at")), ByteVector(size), ""};
  } else if (const Json* access = object.Find("access")) {
    if (!access->is_boolean()) throw Wrong();
    memory.kind =
        access->get<bool>() ? ExpectedMemory::Kind::kAccess : ExpectedMemory::Kind::kNoAccess;
    memory.placed.at = Text(object.Get("at"));
  } else {
    memory.placed = ReadBytes(object);
  }
  object.Finish();
  return memory;
}

Check ReadCheck(const Json& json) {
  if (!json.is_object() || json.size() != 1) throw Wrong();
  Check check;
  check.name = json.begin().key();
  if (!json.begin().value().is_object()) throw Wrong();
  for (const auto& item : json.begin().value().items()) {
    const Json& value = item.value();
    check.arguments[item.key()] =
        value.is_number_unsigned()
            ? "0x" + ToHex(Bytes<1>{static_cast<std::uint8_t>(Number(value))})
            : Text(value);
  }
  return check;
}

Call ReadCall(const Json& json) {
  Object object(json);
  Call call;
  if (const Json* vmsa = object.Find("vmsa")) call.vmsa = Text(*vmsa);
  if (const Json* area = object.Find("area")) call.area = Text(*area);
  if (const Json* pending = object.Find("pending")) {
    if (Number(*pending) > 0xFF) throw Wrong();
    call.pending = static_cast<std::uint8_t>(Number(*pending));
  }
  for (std::size_t i = 0; i < kRegisters.size(); ++i) {
    const Json* value = i == 0 ? &object.Get(kRegisters[i]) : object.Find(kRegisters[i]);
    call.registers[i] = value == nullptr ? "0x0" : Text(*value);
  }
  object.Finish();
  return call;
}

Expected ReadExpected(const Json& json) {
  Object object(json);
  Expected expected;
  if (const Json* gone = object.Find("gone")) {
    if (!gone->is_boolean() || !gone->get<bool>()) throw Wrong();
    expected.gone = true;
    object.Finish();
    return expected;
  }
  for (const Json& code : Array(object.Get("rax"))) expected.rax.push_back(Text(code));
  if (expected.rax.empty()) throw Wrong();
  for (std::size_t i = 1; i < kRegisters.size(); ++i) {
    if (const Json* value = object.Find(kRegisters[i])) expected.registers[i - 1] = Text(*value);
  }
  if (const Json* save = object.Find("save")) {
    Object names(*save);
    for (std::size_t i = 1; i < kRegisters.size(); ++i) {
      if (const Json* name = names.Find(kRegisters[i])) {
        expected.saved.emplace_back(i - 1, Text(*name));
      }
    }
    names.Finish();
  }
  if (const Json* memory = object.Find("memory")) {
    for (const Json& item : Array(*memory)) expected.memory.push_back(ReadMemory(item));
  }
  if (const Json* checks = object.Find("checks")) {
    for (const Json& item : Array(*checks)) expected.checks.push_back(ReadCheck(item));
  }
  object.Finish();
  return expected;
}

Step ReadStep(const Json& json) {
  Object object(json);
  Step step;
  if (const Json* writes = object.Find("write")) {
    for (const Json& item : Array(*writes)) step.writes.push_back(ReadWrite(item));
  }
  step.call = ReadCall(object.Get("call"));
  step.expected = ReadExpected(object.Get("expect"));
  object.Finish();
  return step;
}

Need ReadNeed(const Json& json) {
  Object object(json);
  Need need;
  need.protocol = Number(object.Get("protocol"));
  if (const Json* version = object.Find("version")) need.version = Number(*version);
  if (const Json* version = object.Find("without_version")) need.without_version = Number(*version);
  object.Finish();
  return need;
}

Case ReadCase(const Json& json) {
  Object object(json);
  Case one;
  one.name = Text(object.Get("name"));
  if (const Json* level = object.Find("level")) {
    if (Text(*level) != "should") throw Wrong();
    one.level = Level::kShould;
  }
  if (const Json* needs = object.Find("needs")) {
    for (const Json& item : Array(*needs)) one.needs.push_back(ReadNeed(item));
  }
  if (const Json* codes = object.Find("not_offered")) {
    for (const Json& item : Array(*codes)) one.not_offered.push_back(Text(item));
  }
  for (const Json& item : Array(object.Get("steps"))) one.steps.push_back(ReadStep(item));
  if (one.steps.empty()) throw Wrong();
  object.Finish();
  return one;
}

Status BadCase(std::size_t index) {
  return Status(Code::kMalformed, Source::kProtocol, static_cast<std::uint32_t>(index));
}

Result<std::vector<Case>> ReadCases(const Json& file, std::size_t& index) {
  if (!file.is_object() || !file.contains("version") || !file.contains("kind")) throw Wrong();
  const std::uint32_t version = file.at("kind") == "calls" ? Number(file.at("version")) : 0;
  if (version != kVectorsVersion) return Status(Code::kUnsupported, Source::kProtocol, version);
  std::vector<Case> cases;
  const Json& listed = Array(file.at("cases"));
  for (const Json& item : listed) {
    ++index;
    cases.push_back(ReadCase(item));
  }
  return cases;
}

}  // namespace

Result<std::vector<Case>> ParseCases(ByteView json) {
  std::size_t index = 0;
  try {
    return ReadCases(Json::parse(json), index);
  } catch (const Wrong&) {
    return BadCase(index);
  } catch (const std::exception&) {
    return BadCase(index);
  }
}

Result<std::vector<Case>> LoadCases(const std::string& path) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector bytes, ReadFile(path));
  return ParseCases(bytes);
}

}  // namespace svsm::conformance
