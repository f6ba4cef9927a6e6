#include "svsm/kbs/broker_policy.h"

#include "svsm/core/wire.h"

namespace svsm::kbs {
namespace {

constexpr Bytes<16> kLabel = {'s', 'v', 's', 'm', '-', 'b', 'r', 'o', 'k', 'e', 'r'};
constexpr std::uint32_t kVersion = 1;

struct MemoryLayout {
  Bytes<16> label;
  wire::Le32 version;
  wire::Le32 curve;
  wire::Le64 boot;
  Bytes<48> x;
  Bytes<48> y;
};
static_assert(wire::Struct<MemoryLayout> && sizeof(MemoryLayout) == kBrokerMemorySize);
static_assert(offsetof(MemoryLayout, label) == 0 && offsetof(MemoryLayout, version) == 16);
static_assert(offsetof(MemoryLayout, curve) == 20 && offsetof(MemoryLayout, boot) == 24);
static_assert(offsetof(MemoryLayout, x) == 32 && offsetof(MemoryLayout, y) == 80);

Status At(Code code, std::size_t offset) {
  return Status(code, Source::kKbs, static_cast<std::uint32_t>(offset));
}

Status OtherBroker() {
  return At(Code::kPermissionDenied, static_cast<std::size_t>(BrokerRefusal::kOtherBroker));
}

}  // namespace

Result<BrokerKey> BrokerKeyOf(const EcJwk& signer) {
  const std::size_t size = crypto::CoordinateSize(signer.curve);
  if (signer.curve == crypto::Curve::kP521 || signer.point.x.size() != size ||
      signer.point.y.size() != size) {
    return At(Code::kInvalidArgument, 0);
  }
  BrokerKey key;
  key.curve = signer.curve;
  Copy(key.x, signer.point.x);
  Copy(key.y, signer.point.y);
  return key;
}

Status CheckPolicy(const BrokerPolicy& policy) {
  const bool none = policy.trust == BrokerTrust::kPinned && !policy.known &&
                    policy.without_signature == UnsignedSecret::kRefuse;
  return none ? At(Code::kInvalidArgument, 0) : OkStatus();
}

Status CheckBroker(const BrokerPolicy& policy, const BrokerKey& key) {
  const bool first_use = policy.trust == BrokerTrust::kRemembered && !policy.known;
  if (policy.trust == BrokerTrust::kAny || first_use) return OkStatus();
  if (policy.known && *policy.known == key) return OkStatus();
  return OtherBroker();
}

Result<Bytes<kBrokerMemorySize>> EncodeBrokerMemory(const BrokerMemory& memory) {
  MemoryLayout layout{};
  layout.label = kLabel;
  layout.version = kVersion;
  switch (memory.key.curve) {
    case crypto::Curve::kP256:
      layout.curve = 256;
      break;
    case crypto::Curve::kP384:
      layout.curve = 384;
      break;
    default:
      return At(Code::kInvalidArgument, 0);
  }
  layout.boot = memory.boot.value;
  layout.x = memory.key.x;
  layout.y = memory.key.y;
  return wire::ToBytes(layout);
}

Result<BrokerMemory> DecodeBrokerMemory(ByteView bytes) {
  if (bytes.size() != kBrokerMemorySize) return At(Code::kMalformed, kBrokerMemorySize);
  SVSM_ASSIGN_OR_RETURN(const MemoryLayout layout, wire::Read<MemoryLayout>(bytes));
  if (layout.label != kLabel) return At(Code::kMalformed, 0);
  if (layout.version.get() != kVersion) {
    return At(Code::kUnsupported, offsetof(MemoryLayout, version));
  }
  const std::uint32_t curve = layout.curve.get();
  if (curve != 256 && curve != 384) return At(Code::kUnsupported, offsetof(MemoryLayout, curve));
  BrokerMemory memory;
  memory.key.curve = curve == 256 ? crypto::Curve::kP256 : crypto::Curve::kP384;
  memory.key.x = layout.x;
  memory.key.y = layout.y;
  memory.boot = {layout.boot.get()};
  const std::size_t size = crypto::CoordinateSize(memory.key.curve);
  if (!IsZero(ByteView(layout.x).subspan(size))) {
    return At(Code::kMalformed, offsetof(MemoryLayout, x));
  }
  if (!IsZero(ByteView(layout.y).subspan(size))) {
    return At(Code::kMalformed, offsetof(MemoryLayout, y));
  }
  return memory;
}

Status CheckBrokerMemory(const BrokerMemory& stored, const BrokerMemory& now) {
  if (stored.key != now.key) return OtherBroker();
  return CheckBootNumber(stored.boot, now.boot);
}

}  // namespace svsm::kbs
