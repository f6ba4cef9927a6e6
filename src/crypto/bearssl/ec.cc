#include "crypto/bearssl/internal.h"

namespace svsm::crypto::bearssl {

int CurveId(Curve curve) {
  switch (curve) {
    case Curve::kP256:
      return BR_EC_secp256r1;
    case Curve::kP384:
      return BR_EC_secp384r1;
    case Curve::kP521:
      return BR_EC_secp521r1;
  }
  return 0;
}

namespace {

// Whether the big-endian number a is below b, both of one size, in time that depends on the size
// alone.
bool Less(ByteView a, ByteView b) {
  unsigned borrow = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    borrow = (static_cast<unsigned>(a[i]) - b[i] - borrow) >> 8 & 1;
  }
  return borrow != 0;
}

}  // namespace

Status ImportPoint(Curve curve, EcPointView in, Point& out) {
  const std::size_t size = CoordinateSize(curve);
  if (in.x.size() != size || in.y.size() != size) return Invalid();
  out.size = 1 + 2 * size;
  out.bytes[0] = 4;
  Copy(out.view().subspan(1), in.x);
  Copy(out.view().subspan(1 + size), in.y);
  // Multiplication is what checks that a point is on the curve; by one, it is cheap.
  Point scratch = out;
  const std::uint8_t one = 1;
  if (Curves().mul(scratch.bytes.data(), scratch.size, &one, 1, CurveId(curve)) != 1) {
    return Malformed();
  }
  return OkStatus();
}

Status CheckScalar(Curve curve, ByteView scalar) {
  if (scalar.size() != CoordinateSize(curve)) return Invalid();
  std::size_t size = 0;
  const std::uint8_t* order = Curves().order(CurveId(curve), &size);
  if (size != scalar.size()) return Internal();
  if (IsZero(scalar) || !Less(scalar, ByteView(order, size))) return Malformed();
  return OkStatus();
}

Status DerivePublicKey(Curve curve, ByteView scalar, ByteSpan x, ByteSpan y) {
  const std::size_t size = CoordinateSize(curve);
  if (x.size() != size || y.size() != size) {
    Fill(x, 0);
    Fill(y, 0);
    return Invalid();
  }
  Point point;
  point.size = 1 + 2 * size;
  if (Curves().mulgen(point.bytes.data(), scalar.data(), scalar.size(), CurveId(curve)) !=
      point.size) {
    Fill(x, 0);
    Fill(y, 0);
    return Internal();
  }
  Copy(x, point.view().subspan(1, size));
  Copy(y, point.view().subspan(1 + size));
  return OkStatus();
}

}  // namespace svsm::crypto::bearssl
