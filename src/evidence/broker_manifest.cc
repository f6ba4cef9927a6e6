#include "svsm/evidence/broker_manifest.h"

#include "svsm/core/wire.h"

namespace svsm::evidence {
namespace {

constexpr Bytes<16> kLabel = {'s', 'v', 's', 'm', '-', 'b', 'r', 'o', 'k', 'e', 'r'};
constexpr std::uint32_t kVersion = 1;

struct Layout {
  Bytes<16> label;
  wire::Le32 version;
  wire::Le32 curve;
  wire::Le64 boot;
  Bytes<48> x;
  Bytes<48> y;
};
static_assert(wire::Struct<Layout> && sizeof(Layout) == kBrokerManifestSize);
static_assert(offsetof(Layout, label) == 0 && offsetof(Layout, version) == 16);
static_assert(offsetof(Layout, curve) == 20 && offsetof(Layout, boot) == 24);
static_assert(offsetof(Layout, x) == 32 && offsetof(Layout, y) == 80);

Status At(Code code, std::size_t offset) {
  return Status(code, Source::kEvidence, static_cast<std::uint32_t>(offset));
}

bool FitsCurve(FixedView<48> coordinate, crypto::Curve curve) {
  return IsZero(coordinate.subspan(crypto::CoordinateSize(curve)));
}

}  // namespace

Result<Bytes<kBrokerManifestSize>> EncodeBrokerManifest(const BrokerManifest& manifest) {
  const bool p256 = manifest.curve == crypto::Curve::kP256;
  if ((!p256 && manifest.curve != crypto::Curve::kP384) || !FitsCurve(manifest.x, manifest.curve) ||
      !FitsCurve(manifest.y, manifest.curve)) {
    return At(Code::kInvalidArgument, 0);
  }
  Layout layout{};
  layout.label = kLabel;
  layout.version = kVersion;
  layout.curve = p256 ? 256 : 384;
  layout.boot = manifest.boot;
  layout.x = manifest.x;
  layout.y = manifest.y;
  return wire::ToBytes(layout);
}

Result<BrokerManifest> DecodeBrokerManifest(ByteView bytes) {
  if (bytes.size() != kBrokerManifestSize) return At(Code::kMalformed, kBrokerManifestSize);
  SVSM_ASSIGN_OR_RETURN(const Layout layout, wire::Read<Layout>(bytes));
  if (layout.label != kLabel) return At(Code::kMalformed, offsetof(Layout, label));
  if (layout.version.get() != kVersion) return At(Code::kUnsupported, offsetof(Layout, version));
  const std::uint32_t bits = layout.curve.get();
  if (bits != 256 && bits != 384) return At(Code::kUnsupported, offsetof(Layout, curve));
  const crypto::Curve curve = bits == 256 ? crypto::Curve::kP256 : crypto::Curve::kP384;
  if (!FitsCurve(layout.x, curve)) return At(Code::kMalformed, offsetof(Layout, x));
  if (!FitsCurve(layout.y, curve)) return At(Code::kMalformed, offsetof(Layout, y));
  return BrokerManifest{.curve = curve, .x = layout.x, .y = layout.y, .boot = layout.boot.get()};
}

}  // namespace svsm::evidence
