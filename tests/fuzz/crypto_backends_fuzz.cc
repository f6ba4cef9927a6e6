// What outsiders send goes to both backends, which must answer alike: signatures, points, wrapped
// keys and sealed bytes.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "svsm/core/panic.h"
#include "svsm/core/reader.h"
#include "svsm/crypto/bearssl.h"
#include "svsm/crypto/key_wrap.h"
#include "svsm/crypto/openssl.h"

namespace {

using svsm::Bytes;
using svsm::ByteView;
using svsm::Code;
using svsm::Status;
using namespace svsm::crypto;

constexpr Curve kCurves[] = {Curve::kP256, Curve::kP384, Curve::kP521};

// A number of the curve's size: the input's bytes, or a small one that is more likely on an edge.
std::vector<std::uint8_t> Number(svsm::wire::Reader& in, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  const bool small = in.U8() % 2 != 0;
  const std::size_t taken = small ? 1 : size;
  if (in.remaining() >= taken) {
    svsm::Copy(svsm::ByteSpan(out).last(taken), in.Take(taken));
  }
  return out;
}

void Signatures(Curve curve, svsm::wire::Reader& in) {
  const std::size_t size = CoordinateSize(curve);
  std::vector<std::uint8_t> x = Number(in, size);
  std::vector<std::uint8_t> y = Number(in, size);
  if (in.U8() % 2 != 0) {  // a key that is one
    OpensslEcdsaSigner signer(curve);
    if (signer.SetPrivateKey(x).ok()) SVSM_CHECK(signer.PublicKey(x, y).ok());
  }
  const auto r = Number(in, size);
  const auto s = Number(in, size);
  const auto digest = Number(in, 32);
  OpensslEcdsaVerifier openssl(curve);
  BearsslEcdsaVerifier bearssl(curve);
  const Status key = openssl.SetPublicKey({x, y});
  SVSM_CHECK(key == bearssl.SetPublicKey({x, y}));
  // BearSSL's header tells of the zero digest.
  if (!key.ok() || svsm::IsZero(digest)) return;
  SVSM_CHECK(openssl.Verify(digest, {r, s}) == bearssl.Verify(digest, {r, s}));
}

void Agreement(Curve curve, svsm::wire::Reader& in) {
  const std::size_t size = CoordinateSize(curve);
  const auto scalar = Number(in, size);
  std::vector<std::uint8_t> x = Number(in, size);
  std::vector<std::uint8_t> y = Number(in, size);
  OpensslEcdh openssl(curve);
  BearsslEcdh bearssl(curve);
  const Status key = openssl.SetPrivateKey(scalar);
  SVSM_CHECK(key == bearssl.SetPrivateKey(scalar));
  if (!key.ok()) return;
  if (in.U8() % 2 != 0) SVSM_CHECK(openssl.PublicKey(x, y).ok());
  std::vector<std::uint8_t> a(size), b(size);
  SVSM_CHECK(openssl.Agree({x, y}, a) == bearssl.Agree({x, y}, b));
  SVSM_CHECK(a == b);
}

void Sealed(svsm::wire::Reader& in) {
  const auto key = Number(in, 16 + 8 * (in.U8() % 3u));
  Bytes<kGcmNonceSize> nonce{};
  Bytes<kGcmTagSize> tag{};
  in.CopyTo(nonce);
  in.CopyTo(tag);
  const ByteView aad = in.Take(in.U8() % 64u);
  const ByteView text = in.Rest();
  std::vector<std::uint8_t> a(text.size()), b(text.size());
  OpensslAesGcm openssl;
  BearsslAesGcm bearssl;
  BearsslAesGcm portable(BearsslCode::kPortable);
  SVSM_CHECK(openssl.SetKey(key).ok() && bearssl.SetKey(key).ok() && portable.SetKey(key).ok());
  SVSM_CHECK(openssl.Open(nonce, aad, text, tag, a) == bearssl.Open(nonce, aad, text, tag, b));
  Bytes<kGcmTagSize> other{};
  SVSM_CHECK(openssl.Seal(nonce, aad, text, a, tag).ok());
  SVSM_CHECK(portable.Seal(nonce, aad, text, b, other).ok());
  SVSM_CHECK(a == b && tag == other);
  SVSM_CHECK(bearssl.Open(nonce, aad, b, tag, b).ok() && svsm::Equal(b, text));
}

void Wrapped(svsm::wire::Reader& in) {
  const auto key = Number(in, 16 + 8 * (in.U8() % 3u));
  const ByteView wrapped = in.Rest();
  OpensslAes openssl;
  BearsslAes bearssl;
  SVSM_CHECK(openssl.SetKey(key).ok() && bearssl.SetKey(key).ok());
  std::vector<std::uint8_t> a(wrapped.size() < 8 ? 0 : wrapped.size() - 8), b(a);
  SVSM_CHECK(UnwrapKey(openssl, wrapped, a) == UnwrapKey(bearssl, wrapped, b));
  if (a.size() < 16 || a.size() % 8 != 0) return;
  std::vector<std::uint8_t> c(wrapped.size()), d(c);
  svsm::Copy(a, wrapped.first(a.size()));
  SVSM_CHECK(WrapKey(openssl, a, c).ok() && WrapKey(bearssl, a, d).ok() && c == d);
  SVSM_CHECK(UnwrapKey(bearssl, c, b).ok() && a == b);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  svsm::wire::Reader in(ByteView(data, size));
  const unsigned what = in.U8();
  const Curve curve = kCurves[what / 4 % 3];
  switch (what % 4) {
    case 0:
      Signatures(curve, in);
      break;
    case 1:
      Agreement(curve, in);
      break;
    case 2:
      Sealed(in);
      break;
    default:
      Wrapped(in);
  }
  return 0;
}
