#include "svsm/evidence/ek_template.h"

namespace svsm::evidence {
namespace {

// PolicyA: TPM2_PolicySecret(TPM_RH_ENDORSEMENT).
constexpr Bytes<32> kPolicyASha256 = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
    0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA};
// PolicyB: TPM2_PolicyOR(PolicyA, PolicyC), where PolicyC is TPM2_PolicyAuthorizeNV on index I-2.
constexpr Bytes<48> kPolicyBSha384 = {
    0xB2, 0x6E, 0x7D, 0x28, 0xD1, 0x1A, 0x50, 0xBC, 0x53, 0xD8, 0x82, 0xBC, 0xF5, 0xFD, 0x3A, 0x1A,
    0x07, 0x41, 0x48, 0xBB, 0x35, 0xD3, 0xB4, 0xE4, 0xCB, 0x1C, 0x0A, 0xD9, 0xBD, 0xE4, 0x19, 0xCA,
    0xCB, 0x47, 0xBA, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0F, 0x9F, 0xC0, 0x00, 0xF3, 0xF8, 0x0E, 0x12};

constexpr Bytes<256> kZeros{};

constexpr std::uint32_t kFixedKey = kTpmaFixedTpm | kTpmaFixedParent | kTpmaSensitiveDataOrigin;
constexpr std::uint32_t kStorageKey = kFixedKey | kTpmaRestricted | kTpmaDecrypt;

TpmPublic StorageKey(TpmAlg type, std::uint32_t attributes) {
  TpmPublic key;
  key.type = type;
  key.name_alg = TpmAlg::kSha256;
  key.attributes = attributes;
  key.symmetric = {TpmAlg::kAes, 128, TpmAlg::kCfb};
  return key;
}

TpmPublic RsaStorageKey(std::uint32_t attributes, ByteView policy) {
  TpmPublic key = StorageKey(TpmAlg::kRsa, attributes);
  key.auth_policy = policy;
  key.key_bits = 2048;
  key.modulus = kZeros;
  return key;
}

TpmPublic P256StorageKey(std::uint32_t attributes, ByteView policy) {
  TpmPublic key = StorageKey(TpmAlg::kEcc, attributes);
  key.auth_policy = policy;
  key.curve = TpmCurve::kNistP256;
  key.x = ByteView(kZeros).first(32);
  key.y = key.x;
  return key;
}

TpmPublic P384EndorsementKey() {
  TpmPublic key = StorageKey(TpmAlg::kEcc, kStorageKey | kTpmaUserWithAuth | kTpmaAdminWithPolicy);
  key.name_alg = TpmAlg::kSha384;
  key.auth_policy = kPolicyBSha384;
  key.symmetric.key_bits = 256;
  key.curve = TpmCurve::kNistP384;
  return key;
}

TpmPublic P256AttestationKey() {
  TpmPublic key;
  key.type = TpmAlg::kEcc;
  key.name_alg = TpmAlg::kSha256;
  key.attributes = kFixedKey | kTpmaUserWithAuth | kTpmaRestricted | kTpmaSign;
  key.scheme = {TpmAlg::kEcdsa, TpmAlg::kSha256};
  key.curve = TpmCurve::kNistP256;
  key.x = ByteView(kZeros).first(32);
  key.y = key.x;
  return key;
}

bool HasFullUnique(const TpmPublic& key) {
  if (key.type == TpmAlg::kRsa) {
    const ByteView n = key.modulus;
    return n.size() == key.key_bits / 8u && (n.front() & 0x80) != 0 && (n.back() & 1) != 0;
  }
  const Result<crypto::Curve> curve = ToCurve(key.curve);
  if (!curve.ok()) return false;
  const std::size_t size = crypto::CoordinateSize(*curve);
  return key.x.size() == size && key.y.size() == size && !(IsZero(key.x) && IsZero(key.y));
}

// Whether the template, built with the key's own `unique`, gives the key's bytes.
bool EqualsButUnique(KeyTemplate id, const TpmPublic& key, ByteView tpmt) {
  TpmPublic wanted = TemplatePublic(id);
  if (wanted.type != key.type || wanted.curve != key.curve || wanted.key_bits != key.key_bits) {
    return false;
  }
  wanted.modulus = key.modulus;
  wanted.x = key.x;
  wanted.y = key.y;
  Bytes<kMaxTpmPublicSize> buffer;
  const Result<ByteView> built = BuildTpmtPublic(wanted, buffer);
  return built.ok() && Equal(*built, tpmt);
}

bool NamesItsSize(ByteView in) {
  return in.size() >= 2 && static_cast<std::size_t>(in[0] << 8 | in[1]) == in.size() - 2;
}

}  // namespace

const char* KeyTemplateName(KeyTemplate id) {
  switch (id) {
    case KeyTemplate::kEkRsa2048:
      return "EK RSA 2048 (L-1)";
    case KeyTemplate::kEkP256:
      return "EK ECC P-256 (L-2)";
    case KeyTemplate::kEkP384:
      return "EK ECC P-384 (H-3)";
    case KeyTemplate::kSrkRsa2048:
      return "SRK RSA 2048";
    case KeyTemplate::kSrkP256:
      return "SRK ECC P-256";
    case KeyTemplate::kAkP256:
      return "AK ECC P-256";
  }
  return "?";
}

std::uint32_t EkCertificateIndex(KeyTemplate id) {
  switch (id) {
    case KeyTemplate::kEkRsa2048:
      return 0x01C00002;
    case KeyTemplate::kEkP256:
      return 0x01C0000A;
    case KeyTemplate::kEkP384:
      return 0x01C00016;
    default:
      return 0;
  }
}

TpmPublic TemplatePublic(KeyTemplate id) {
  constexpr std::uint32_t kLowRangeEk = kStorageKey | kTpmaAdminWithPolicy;
  constexpr std::uint32_t kSrk = kStorageKey | kTpmaUserWithAuth | kTpmaNoDa;
  switch (id) {
    case KeyTemplate::kEkRsa2048:
      return RsaStorageKey(kLowRangeEk, kPolicyASha256);
    case KeyTemplate::kEkP256:
      return P256StorageKey(kLowRangeEk, kPolicyASha256);
    case KeyTemplate::kEkP384:
      return P384EndorsementKey();
    case KeyTemplate::kSrkRsa2048:
      return RsaStorageKey(kSrk, {});
    case KeyTemplate::kSrkP256:
      return P256StorageKey(kSrk, {});
    case KeyTemplate::kAkP256:
      return P256AttestationKey();
  }
  return TpmPublic();
}

Result<EkMatch> MatchEkTemplate(ByteView public_area) {
  const bool with_size = NamesItsSize(public_area);
  SVSM_ASSIGN_OR_RETURN(const TpmPublic key,
                        with_size ? ParseTpm2bPublic(public_area) : ParseTpmtPublic(public_area));
  const ByteView tpmt = with_size ? Tpm2bContents(public_area) : public_area;
  if (HasFullUnique(key)) {
    for (const KeyTemplate id : kEkTemplates) {
      if (EqualsButUnique(id, key, tpmt)) return EkMatch{id, key, with_size, tpmt};
    }
  }
  return Status(Code::kNotFound, Source::kEvidence);
}

}  // namespace svsm::evidence
