#include "snp/verify/rsa_pss_key.h"

#include <array>

#include "snp/verify/der.h"

namespace svsm::snp {
namespace {

constexpr std::size_t kMinModulusSize = 2048 / 8;
constexpr std::size_t kMaxModulusSize = 4096 / 8;
constexpr std::size_t kSaltSize = 48;

// AlgorithmIdentifier of rsaEncryption.
constexpr std::array<std::uint8_t, 15> kRsaEncryption = {
    0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::array<std::uint8_t, 3> kExponent = {0x01, 0x00, 0x01};

// AlgorithmIdentifier of id-RSASSA-PSS up to the salt's length, without the two outer headers.
constexpr std::array<std::uint8_t, 11> kPssOid = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                                  0xF7, 0x0D, 0x01, 0x01, 0x0A};
constexpr std::array<std::uint8_t, 52> kPssParameters = {
    0xA0, 0x0F, 0x30, 0x0D,                                                // hash
    0x06, 0x09, 0x60, 0x86, 0x48,     0x01, 0x65, 0x03, 0x04, 0x02, 0x02,  // SHA-384
    0x05, 0x00,                                                            //
    0xA1, 0x1C, 0x30, 0x1A,                                                // mask generation
    0x06, 0x09, 0x2A, 0x86, 0x48,     0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08,  // MGF1
    0x30, 0x0D,                                                            //
    0x06, 0x09, 0x60, 0x86, 0x48,     0x01, 0x65, 0x03, 0x04, 0x02, 0x02,  // SHA-384
    0x05, 0x00,                                                            //
    0xA2, 0x03, 0x02, 0x01, kSaltSize};
constexpr std::array<std::uint8_t, 5> kTrailer = {0xA3, 0x03, 0x02, 0x01, 0x01};

}  // namespace

Result<std::shared_ptr<const RsaPssKey>> RsaPssKey::Import(ByteView spki) {
  const Status unsupported(Code::kUnsupported, Source::kSnpVerify);
  der::Reader file(spki);
  der::Reader info = file.Enter(der::kSequence);
  info.Require(Equal(info.Element(der::kSequence), kRsaEncryption));
  const ByteView key_bytes = info.BitString();
  SVSM_TRY(info.Finish());
  SVSM_TRY(file.Finish());
  der::Reader key(key_bytes);
  der::Reader numbers = key.Enter(der::kSequence);
  ByteView modulus = numbers.Integer();
  const ByteView exponent = numbers.Integer();
  SVSM_TRY(numbers.Finish());
  SVSM_TRY(key.Finish());
  if (modulus[0] == 0) modulus = modulus.subspan(1);
  if (modulus.size() < kMinModulusSize || modulus.size() > kMaxModulusSize ||
      !Equal(exponent, kExponent)) {
    return unsupported;
  }
  auto imported = std::make_shared<RsaPssKey>();
  SVSM_TRY(imported->verifier_.SetPublicKey(modulus, exponent));
  return std::shared_ptr<const RsaPssKey>(std::move(imported));
}

Status RsaPssKey::Verify(ByteView message, ByteView signature) const {
  Bytes<crypto::kSha384Size> digest{};
  SVSM_TRY(sha384_.Digest(message, digest));
  const std::lock_guard lock(mutex_);
  return verifier_.Verify(crypto::HashAlg::kSha384, kSaltSize, digest, signature);
}

bool IsAmdPss(ByteView algorithm) {
  constexpr std::size_t kHeaders = 4;  // of the identifier, and of the parameters after the OID
  const std::size_t short_size = kHeaders + kPssOid.size() + kPssParameters.size();
  const bool trailer = algorithm.size() == short_size + kTrailer.size();
  if (!trailer && algorithm.size() != short_size) return false;
  const ByteView parameters = algorithm.subspan(2 + kPssOid.size());
  return algorithm[0] == 0x30 && algorithm[1] == algorithm.size() - 2 &&
         Equal(algorithm.subspan(2, kPssOid.size()), kPssOid) && parameters[0] == 0x30 &&
         parameters[1] == parameters.size() - 2 &&
         Equal(parameters.subspan(2, kPssParameters.size()), kPssParameters) &&
         (!trailer || Equal(parameters.last(kTrailer.size()), kTrailer));
}

}  // namespace svsm::snp
