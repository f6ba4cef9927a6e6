#include "svsm/kbs/broker_policy.h"

namespace svsm::kbs {
namespace {

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
  return evidence::EncodeBrokerManifest(
      {.curve = memory.key.curve, .x = memory.key.x, .y = memory.key.y, .boot = memory.boot.value});
}

Result<BrokerMemory> DecodeBrokerMemory(ByteView bytes) {
  SVSM_ASSIGN_OR_RETURN(const evidence::BrokerManifest manifest,
                        evidence::DecodeBrokerManifest(bytes));
  return BrokerMemory{.key = {.curve = manifest.curve, .x = manifest.x, .y = manifest.y},
                      .boot = {manifest.boot}};
}

Status CheckBrokerMemory(const BrokerMemory& stored, const BrokerMemory& now) {
  if (stored.key != now.key) return OtherBroker();
  return CheckBootNumber(stored.boot, now.boot);
}

}  // namespace svsm::kbs
