#include "svsm/snp_verify/quote_key.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <string_view>

#include "snp/verify/openssl_key.h"
#include "snp/verify/pem.h"
#include "svsm/core/wire.h"
#include "svsm/evidence/tpm_public.h"

namespace svsm::snp {
namespace {

constexpr std::size_t kMinModulusBits = 2048;
constexpr std::size_t kMaxModulusBits = 4096;

Status Malformed() { return Status(Code::kMalformed, Source::kSnpVerify); }
Status Unsupported(std::size_t detail) {
  return Status(Code::kUnsupported, Source::kSnpVerify, static_cast<std::uint32_t>(detail));
}

std::size_t BitsOf(ByteView number) {
  std::size_t bits = 8 * number.size();
  for (std::uint8_t top = number.front(); (top & 0x80) == 0;
       top = static_cast<std::uint8_t>(top << 1))
    --bits;
  return bits;
}

// An odd number without leading zeros.
bool IsOddNumber(ByteView bytes) {
  return !bytes.empty() && bytes.front() != 0 && (bytes.back() & 1) != 0;
}

// A number of an OpenSSL key, big-endian; of `size` bytes, or as short as it is if that is 0.
Result<ByteVector> Number(const EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return Malformed();
  const BigNumber number(raw);
  ByteVector bytes(size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(raw)));
  if (BN_bn2binpad(raw, bytes.data(), static_cast<int>(bytes.size())) < 0) return Malformed();
  return bytes;
}

Result<QuoteKey> FromRsaPkey(const EVP_PKEY* pkey) {
  SVSM_ASSIGN_OR_RETURN(const ByteVector modulus, Number(pkey, OSSL_PKEY_PARAM_RSA_N, 0));
  SVSM_ASSIGN_OR_RETURN(const ByteVector exponent, Number(pkey, OSSL_PKEY_PARAM_RSA_E, 0));
  return QuoteKeyFromRsa(modulus, exponent);
}

Result<QuoteKey> FromEcPkey(const EVP_PKEY* pkey) {
  constexpr std::pair<std::string_view, crypto::Curve> kCurves[] = {
      {"prime256v1", crypto::Curve::kP256},
      {"secp384r1", crypto::Curve::kP384},
      {"secp521r1", crypto::Curve::kP521}};
  char group[64];
  std::size_t group_size = 0;
  if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                     &group_size) != 1) {
    return Unsupported(0);
  }
  for (const auto& [name, curve] : kCurves) {
    if (std::string_view(group, group_size) != name) continue;
    QuoteKey key;
    key.type = QuoteKey::Type::kEcc;
    key.curve = curve;
    const std::size_t size = crypto::CoordinateSize(curve);
    SVSM_ASSIGN_OR_RETURN(key.x, Number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, size));
    SVSM_ASSIGN_OR_RETURN(key.y, Number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size));
    return key;
  }
  return Unsupported(0);
}

Result<QuoteKey> FromSpki(ByteView der) {
  const ErrorMark mark;
  const std::uint8_t* at = der.data();
  const Pkey pkey(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (pkey == nullptr || at != der.data() + der.size()) return Malformed();
  switch (EVP_PKEY_get_base_id(pkey.get())) {
    case EVP_PKEY_RSA:
      return FromRsaPkey(pkey.get());
    case EVP_PKEY_EC:
      return FromEcPkey(pkey.get());
    default:
      return Unsupported(0);
  }
}

bool NamesItsSize(ByteView in) {
  return in.size() >= 2 && static_cast<std::size_t>(in[0] << 8 | in[1]) == in.size() - 2;
}

}  // namespace

Result<QuoteKey> ReadQuoteKey(ByteView file) {
  // A public area begins with the high byte of a size below 512 or of a TPM's algorithm.
  if (file.empty() || file[0] <= 1) return QuoteKeyFromPublicArea(file);
  SVSM_ASSIGN_OR_RETURN(const std::vector<ByteVector> ders, ReadDerOrPem(file, "PUBLIC KEY"));
  if (ders.size() != 1) return Malformed();
  return FromSpki(ders[0]);
}

Result<QuoteKey> QuoteKeyFromPublicArea(ByteView public_area) {
  const bool sized = NamesItsSize(public_area);
  SVSM_ASSIGN_OR_RETURN(
      const evidence::TpmPublic area,
      sized ? evidence::ParseTpm2bPublic(public_area) : evidence::ParseTpmtPublic(public_area));
  const ByteView tpmt = sized ? evidence::Tpm2bContents(public_area) : public_area;
  QuoteKey key;
  if (area.type == evidence::TpmAlg::kRsa) {
    const Bytes<3> standard = {0x01, 0x00, 0x01};
    const auto exponent = wire::ToBytes(wire::Be32(area.exponent));
    ByteView significant = exponent;
    while (significant.size() > 1 && significant.front() == 0) significant = significant.subspan(1);
    SVSM_ASSIGN_OR_RETURN(
        key, QuoteKeyFromRsa(area.modulus, area.exponent == 0 ? ByteView(standard) : significant));
  } else {
    SVSM_ASSIGN_OR_RETURN(key.curve, evidence::ToCurve(area.curve));
    const std::size_t size = crypto::CoordinateSize(key.curve);
    if (area.x.size() != size || area.y.size() != size) return Malformed();
    key.type = QuoteKey::Type::kEcc;
    key.x = ToVector(area.x);
    key.y = ToVector(area.y);
  }
  key.tpmt = ToVector(tpmt);
  return key;
}

Result<QuoteKey> QuoteKeyFromRsa(ByteView modulus, ByteView exponent) {
  if (!IsOddNumber(modulus) || !IsOddNumber(exponent)) return Malformed();
  const std::size_t bits = BitsOf(modulus);
  if (bits < kMinModulusBits || bits > kMaxModulusBits) return Unsupported(bits);
  if (exponent.size() > 4 || (exponent.size() == 1 && exponent[0] < 3)) return Malformed();
  QuoteKey key;
  key.modulus = ToVector(modulus);
  key.exponent = ToVector(exponent);
  return key;
}

}  // namespace svsm::snp
