#include "snp/verify/leaf_extensions.h"

#include <array>
#include <string_view>

#include "snp/verify/der.h"

namespace svsm::snp {
namespace {

constexpr Bytes<8> kAmdPrefix = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x9C, 0x78, 0x01};
constexpr Bytes<3> kAuthorityKeyIdentifier = {0x55, 0x1D, 0x23};

constexpr std::size_t kHwidSize = 64;
constexpr std::size_t kTurinHwidSize = 8;
constexpr std::size_t kMaxCspIdSize = 128;
constexpr std::uint8_t kMaxStructVersion = 1;

enum Id : std::uint8_t {
  kStructVersion,
  kProductName,
  kBootloader,
  kTee,
  kSnp,
  kSpl4,
  kSpl5,
  kSpl6,
  kSpl7,
  kMicrocode,
  kFmc,
  kHwid,
  kCspId,
  kNumIds
};

// The arcs after AMD's prefix: one, or two that begin with 3.
constexpr std::array<std::string_view, kNumIds> kArcs = {
    "\x01",     "\x02",     "\x03\x01", "\x03\x02", "\x03\x03", "\x03\x04", "\x03\x05",
    "\x03\x06", "\x03\x07", "\x03\x08", "\x03\x09", "\x04",     "\x05"};
constexpr std::array<const char*, kNumIds> kNames = {
    "1 structVersion", "2 productName", "3.1 blSPL", "3.2 teeSPL", "3.3 snpSPL",
    "3.4 spl4",        "3.5 spl5",      "3.6 spl6",  "3.7 spl7",   "3.8 ucodeSPL",
    "3.9 fmcSPL",      "4 hwID",        "5 cspID"};

std::string_view AsText(ByteView bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

std::optional<Id> IdOf(ByteView oid) {
  if (oid.size() <= kAmdPrefix.size() || !Equal(oid.first(kAmdPrefix.size()), kAmdPrefix)) {
    return std::nullopt;
  }
  const std::string_view arcs = AsText(oid.subspan(kAmdPrefix.size()));
  for (std::uint8_t id = 0; id < kNumIds; ++id) {
    if (kArcs[id] == arcs) return static_cast<Id>(id);
  }
  return std::nullopt;
}

std::optional<std::string_view> Ia5(ByteView value) {
  der::Reader reader(value);
  const std::string_view text = AsText(reader.Content(der::kIa5String));
  if (!reader.Finish().ok()) return std::nullopt;
  for (const char c : text) {
    if (c < ' ' || c > '~') return std::nullopt;
  }
  return text;
}

// "<line>" or "<line>-<letter><digit>", as "Milan-B0".
std::optional<Product> ProductOf(std::string_view name) {
  for (const Product product :
       {Product::kMilan, Product::kGenoa, Product::kTurin, Product::kVenice}) {
    const std::string_view line = ProductName(product);
    if (!name.starts_with(line)) continue;
    const std::string_view stepping = name.substr(line.size());
    if (stepping.empty()) return product;
    if (stepping.size() == 3 && stepping[0] == '-' && stepping[1] >= 'A' && stepping[1] <= 'Z' &&
        stepping[2] >= '0' && stepping[2] <= '9') {
      return product;
    }
  }
  return std::nullopt;
}

class Judge {
 public:
  Judge(const CertificateProfile& profile, const std::string& whose, Leaf& leaf, Refusals& refusals)
      : profile_(profile), whose_(whose), leaf_(leaf), refusals_(refusals) {}

  // Sorts the extensions into values_.
  void Collect(std::span<const Extension> extensions) {
    bool key_identifier = false;
    for (const Extension& extension : extensions) {
      const std::string text = "extension " + der::OidText(extension.oid);
      if (extension.critical) Refuse(Reason::kExtensionCritical, text, "none critical");
      const std::optional<Id> id = IdOf(extension.oid);
      if (!id && !Equal(extension.oid, kAuthorityKeyIdentifier)) {
        Refuse(Reason::kExtensionUnknown, text, "AMD's extensions");
        continue;
      }
      const bool seen = id ? values_[*id].has_value() : key_identifier;
      if (seen) Refuse(Reason::kExtensionRepeated, text, "each extension once");
      if (!id) key_identifier = true;
      if (id && !seen) values_[*id] = extension.value;
    }
  }

  void JudgeProduct() {
    if (!Present(kProductName)) return;
    const std::optional<std::string_view> name = Ia5(*values_[kProductName]);
    if (name) leaf_.product = ProductOf(*name);
    if (!leaf_.product) {
      RefuseValue(kProductName, name ? std::string(*name) : ToHex(*values_[kProductName]),
                  "the name of a product line, IA5String");
    }
  }

  void JudgeTcb() {
    const TcbLayout layout = TcbLayoutOf(leaf_.product.value_or(Product::kMilan));
    const bool turin = layout == TcbLayout::kTurin;
    const std::size_t before = refusals_.size();
    if (Number(kStructVersion) > kMaxStructVersion) {
      RefuseValue(kStructVersion, ToHex(*values_[kStructVersion]), "0 or 1");
    }
    TcbVersion tcb{.layout = layout};
    if (turin) tcb.fmc = Number(kFmc);
    tcb.bootloader = Number(kBootloader);
    tcb.tee = Number(kTee);
    tcb.snp = Number(kSnp);
    tcb.microcode = Number(kMicrocode);
    for (const Id reserved : {kSpl4, kSpl5, kSpl6, kSpl7}) {
      if (turin && reserved == kSpl4) continue;
      if (!profile_.reserved_components && !values_[reserved]) continue;
      if (Number(reserved) != 0) RefuseValue(reserved, ToHex(*values_[reserved]), "0");
    }
    const Id foreign = turin ? kSpl4 : kFmc;
    if (values_[foreign]) {
      Refuse(Reason::kExtensionUnknown, std::string("extension .") + kNames[foreign],
             "the extensions of the line that productName names");
    }
    if (refusals_.size() == before && leaf_.product) leaf_.tcb = tcb;
  }

  void JudgeIdentity() {
    if (leaf_.kind == LeafKind::kVcek) {
      const std::size_t size =
          TcbLayoutOf(leaf_.product.value_or(Product::kMilan)) == TcbLayout::kTurin ? kTurinHwidSize
                                                                                    : kHwidSize;
      if (values_[kCspId]) Refuse(Reason::kExtensionUnknown, "extension .5 cspID", "hwID alone");
      if (!Present(kHwid)) return;
      if (values_[kHwid]->size() == size) {
        leaf_.hwid = ToVector(*values_[kHwid]);
      } else {
        RefuseValue(kHwid, std::to_string(values_[kHwid]->size()) + " bytes",
                    std::to_string(size) + " bytes, raw");
      }
    } else if (leaf_.kind == LeafKind::kVlek) {
      if (values_[kHwid]) Refuse(Reason::kExtensionUnknown, "extension .4 hwID", "cspID alone");
      if (!Present(kCspId)) return;
      const std::optional<std::string_view> name = Ia5(*values_[kCspId]);
      if (name && !name->empty() && name->size() <= kMaxCspIdSize) {
        leaf_.csp_id = std::string(*name);
      } else {
        RefuseValue(kCspId, ToHex(*values_[kCspId]), "IA5String of 1 to 128 characters");
      }
    }
  }

 private:
  void Refuse(Reason reason, const std::string& found, const char* wanted) {
    refusals_.push_back({reason, whose_ + ": " + found, wanted});
  }
  void RefuseValue(Id id, const std::string& found, const std::string& wanted) {
    refusals_.push_back(
        {Reason::kExtensionValue, whose_ + ": extension ." + kNames[id] + " is " + found, wanted});
  }
  bool Present(Id id) {
    if (values_[id]) return true;
    Refuse(Reason::kExtensionMissing, std::string("no extension .") + kNames[id], "it");
    return false;
  }
  // The value of a required INTEGER of 0 to 255; 0 after a refusal.
  std::uint8_t Number(Id id) {
    if (!Present(id)) return 0;
    der::Reader reader(*values_[id]);
    const std::uint8_t value = reader.SmallInteger();
    if (reader.Finish().ok()) return value;
    RefuseValue(id, ToHex(*values_[id]), "INTEGER of 0 to 255 in DER");
    return 0;
  }

  const CertificateProfile& profile_;
  const std::string& whose_;
  Leaf& leaf_;
  Refusals& refusals_;
  std::array<std::optional<ByteView>, kNumIds> values_;
};

}  // namespace

void JudgeLeafExtensions(const CertificateProfile& profile, const X509Certificate& certificate,
                         const std::string& whose, Leaf& leaf, Refusals& refusals) {
  Judge judge(profile, whose, leaf, refusals);
  judge.Collect(certificate.extensions());
  judge.JudgeProduct();
  judge.JudgeTcb();
  judge.JudgeIdentity();
}

}  // namespace svsm::snp
