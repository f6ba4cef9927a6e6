#include "snp/verify/name.h"

#include <array>
#include <cstddef>
#include <optional>

#include "snp/verify/der.h"
#include "svsm/core/hosted.h"

namespace svsm::snp {
namespace {

// Attribute types are 2.5.4.<arc>.
constexpr std::uint8_t kCommonName = 3;
constexpr std::uint8_t kOrganization = 10;

struct AmdAttribute {
  std::uint8_t arc;
  const char* label;
  const char* value;  // null: any, or the caller's
};
constexpr std::array<AmdAttribute, 6> kAmdAttributes = {{
    {11, "OU", "Engineering"},
    {6, "C", "US"},
    {7, "L", "Santa Clara"},
    {8, "ST", "CA"},
    {kOrganization, "O", nullptr},
    {kCommonName, "CN", nullptr},
}};

struct Attribute {
  ByteView type;
  std::string_view value;

  bool Is(std::uint8_t arc) const {
    return type.size() == 3 && type[0] == 0x55 && type[1] == 0x04 && type[2] == arc;
  }
};

std::string_view AsText(ByteView bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

// The attributes of a Name one after the other; nothing at the end and after a failure.
class Attributes {
 public:
  explicit Attributes(ByteView name) : outer_(name), names_(outer_.Enter(der::kSequence)) {
    names_.Require(outer_.Finish().ok());
  }
  bool ok() const { return names_.ok(); }

  std::optional<Attribute> Next() {
    if (names_.empty()) return std::nullopt;
    der::Reader set = names_.Enter(der::kSet);
    der::Reader pair = set.Enter(der::kSequence);
    Attribute out;
    out.type = pair.Content(der::kOid);
    const std::uint8_t tag =
        pair.Next(der::kPrintableString) ? der::kPrintableString : der::kUtf8String;
    out.value = AsText(pair.Content(tag));
    names_.Require(pair.Finish().ok() && set.Finish().ok());
    return ok() ? std::optional(out) : std::nullopt;
  }

 private:
  der::Reader outer_;
  der::Reader names_;
};

}  // namespace

std::string_view CommonNameOf(ByteView name) {
  Attributes attributes(name);
  std::optional<std::string_view> found;
  while (const auto attribute = attributes.Next()) {
    if (!attribute->Is(kCommonName)) continue;
    if (found) return {};
    found = attribute->value;
  }
  return attributes.ok() ? found.value_or(std::string_view()) : std::string_view();
}

bool IsAmdName(ByteView name, std::string_view organization) {
  Attributes attributes(name);
  std::array<bool, kAmdAttributes.size()> seen{};
  while (const auto attribute = attributes.Next()) {
    bool known = false;
    for (std::size_t i = 0; i < kAmdAttributes.size(); ++i) {
      if (!attribute->Is(kAmdAttributes[i].arc)) continue;
      const char* value = kAmdAttributes[i].value;
      if (seen[i] || (value != nullptr && attribute->value != value)) return false;
      if (attribute->Is(kOrganization) && attribute->value != organization) return false;
      known = seen[i] = true;
    }
    if (!known) return false;
  }
  for (const bool each : seen) {
    if (!each) return false;
  }
  return attributes.ok();
}

std::string NameText(ByteView name) {
  std::string text;
  Attributes attributes(name);
  while (const auto attribute = attributes.Next()) {
    if (!text.empty()) text += ", ";
    std::string label = der::OidText(attribute->type);
    for (const AmdAttribute& known : kAmdAttributes) {
      if (attribute->Is(known.arc)) label = known.label;
    }
    text += label + '=';
    for (const char c : attribute->value) text += c >= ' ' && c <= '~' ? c : '?';
  }
  return attributes.ok() ? text : "a name of unknown form";
}

}  // namespace svsm::snp
